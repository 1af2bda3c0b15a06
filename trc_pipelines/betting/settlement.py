"""Settling a game: its bets graded, paid and told, all in one transaction or not at all."""

import json
from dataclasses import dataclass

import pandas as pd

from trc_pipelines.betting.bankrolls import post_results
from trc_pipelines.betting.grading import grade_bets
from trc_pipelines.betting.messages import notify
from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.contract import Work
from trc_pipelines.operations.events import record_events

LEDGER = "betting.bankroll_ledger"
NO_BANKROLL = "the user has no bankroll"


@dataclass(frozen=True)
class Settled:
    """What was settled of a game: bets by outcome, their net in cents, and why others were not."""

    outcomes: dict[str, int]
    net: int
    problems: dict[str, int]

    @property
    def bets(self) -> int:
        """How many."""
        return sum(self.outcomes.values())


def settle_game(work: Work, transaction: Transaction, game_id: str) -> Settled:
    """Grade and pay the pending bets of a game that is over.

    Bets are claimed while they are pending: of two settlements at once, one pays.
    """
    # Balances are moved by one at a time, so what is read here is what is moved.
    transaction.execute("operations/lock_step", LEDGER)
    bets = transaction.read("betting/select_pending_bets", game_id)
    graded = bets.join(grade_bets(bets))
    graded["problem"] = graded["problem"].fillna(
        pd.Series(NO_BANKROLL, bets.index, dtype="str").where(~bets["has_bankroll"])
    )
    problems = {str(why): int(n) for why, n in graded["problem"].value_counts().items()}
    claimed = _claim(work, transaction, graded[graded["problem"].isna()])
    settled = Settled(
        {
            outcome: int((claimed["outcome"] == outcome).sum())
            for outcome in ("won", "lost", "push", "cancelled")
        },
        int(claimed["net"].sum()),
        problems,
    )
    if claimed.empty:
        return settled
    _post(work, transaction, game_id, claimed)
    _tell(work, transaction, game_id, claimed)
    figures = {
        **settled.outcomes,
        "bets": settled.bets,
        "staked": int(claimed["stake"].sum()),
        "net": settled.net,
        "left_pending": sum(problems.values()),
    }
    transaction.execute(
        "betting/upsert_game_settlement",
        game_id, json.dumps(figures), work.as_of, work.options.run_id,
    )  # fmt: skip
    about = pd.DataFrame({"game_id": [game_id]} | figures)
    _record(work, transaction, "GameSettled", about, [game_id])
    return settled


def _claim(work: Work, transaction: Transaction, graded: pd.DataFrame) -> pd.DataFrame:
    """The bets that were still pending, settled now: with settled_at and the user's balance before."""
    transaction.stage(
        "staged_outcomes", graded[["bet_id", "user_id", "stake", "outcome", "payout", "net"]]
    )
    claimed = transaction.read("betting/claim_bets", work.as_of)
    transaction.execute("betting/insert_pick_authors")
    return graded.merge(claimed, on="bet_id", validate="one_to_one")


def _post(work: Work, transaction: Transaction, game_id: str, claimed: pd.DataFrame) -> None:
    entries = post_results(claimed)
    when = claimed.groupby("user_id")["settled_at"].first()
    write_entries(
        work,
        transaction,
        entries.assign(game_id=game_id, effective_at=entries["user_id"].map(when)),
    )


def write_entries(work: Work, transaction: Transaction, entries: pd.DataFrame) -> None:
    """Write entries into the ledger, in their order, and move the balances by them.

    An account that has none yet is opened before, with the balance the app gave it.

    Args:
        entries: user_id, kind, amount, balance_after, bet_id, game_id, effective_at, and week_start
            for those of a reset.
    """
    if entries.empty:
        return
    weeks = entries.get("week_start", pd.Series(pd.NaT, entries.index))
    transaction.stage(
        "staged_entries",
        entries.assign(position=range(len(entries)), week_start=weeks.astype("datetime64[s]")),
    )
    transaction.execute("betting/open_accounts", work.as_of, work.options.run_id)
    transaction.execute("betting/insert_bankroll_entries", work.options.run_id)
    transaction.execute("betting/move_balances")


def _tell(work: Work, transaction: Transaction, game_id: str, claimed: pd.DataFrame) -> None:
    decided = claimed["outcome"].isin(["won", "lost"])
    followed = pd.Series("bet_", claimed.index).mask(decided & claimed["is_tail"], "tail_")
    prefix = followed.mask(decided & claimed["is_fade"], "fade_")
    what = claimed[["bet_id", "stake", "payout", "net"]].assign(game_id=game_id)
    notify(
        transaction,
        claimed["user_id"],
        prefix + claimed["outcome"],
        what,
        dedupe_keys="bet:" + claimed["bet_id"],
        at=work.as_of,
    )
    payloads = what.assign(user_id=claimed["user_id"], outcome=claimed["outcome"])
    _record(work, transaction, "BetSettled", payloads, claimed["bet_id"].tolist())


def _record(
    work: Work, transaction: Transaction, event_type: str, payloads: pd.DataFrame, keys: list[str]
) -> None:
    record_events(
        transaction,
        event_type,
        payloads,
        dedupe_keys=pd.Series(keys, dtype="str"),
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
