"""Settling a game: its bets graded, paid and told, all in one transaction or not at all."""

import json
from dataclasses import dataclass

import pandas as pd

from trc_pipelines.betting.publishing import notify
from trc_pipelines.betting.rules.bankrolls import post_results
from trc_pipelines.betting.rules.grading import grade_bets
from trc_pipelines.jobs.contract import Work
from trc_pipelines.jobs.events import record_events

LEDGER = "betting.bankroll_ledger"
OUTCOMES = ("won", "lost", "push", "cancelled")
NO_BANKROLL = "the user has no bankroll"
MADE_PENDING = "it was settled before and made pending by hand: trc games resettle corrects it"
CHANGED = "the bet or its game changed while it was graded"
# What a claim compares: every field that grading, paying or telling used.
READ = [
    "bet_id", "user_id", "game_id", "bet_type", "bet_details", "stake", "odds", "potential_win",
    "is_tail", "is_fade", "original_pick_id", "created_at", "old_status", "old_payout", "old_net",
    "game_status", "home_team", "away_team", "home_score", "away_score", "commence_time",
    "completed_at",
]  # fmt: skip
DECIDED = ["outcome", "payout", "net"]


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


def settle_games(work: Work, games: list[str]) -> tuple[dict[str, Settled], dict[str, str]]:
    """Settle games in their order: what became of each, and why some were refused.

    A limit counts games of which bets were settled; those that nobody can settle use none of it.
    """
    settled: dict[str, Settled] = {}
    refused: dict[str, str] = {}
    while games and not work.budget.is_spent:
        at_once = work.budget.at_most(len(games))
        batch, games = games[:at_once], games[at_once:]
        done, failed = work.change_each(batch, settle_game)
        settled |= done
        refused |= failed
        work.budget.take(sum(game.bets > 0 for game in done.values()))
    return settled, refused


def settle_game(work: Work, game_id: str) -> Settled:
    """Grade and pay the pending bets of a game that is over.

    Bets are claimed as they were graded: of two settlements at once, one pays, and what changed
    meanwhile waits for the next.
    """
    # Balances are moved by one at a time, so what is read here is what is moved.
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    bets = work.transaction.read("betting/select_pending_bets", game_id=game_id)
    graded = grade(work, bets)
    graded["problem"] = graded["problem"].mask(bets["is_settled"], MADE_PENDING)
    claimed = claim(work, graded[graded["problem"].isna()], is_correction=False)
    problems = {str(why): int(n) for why, n in graded["problem"].value_counts().items()}
    changed = int(graded["problem"].isna().sum()) - len(claimed)
    problems |= {CHANGED: changed} if changed else {}
    figures = count(claimed, left_pending=sum(problems.values()))
    settled = Settled({outcome: figures[outcome] for outcome in OUTCOMES}, figures["net"], problems)
    if claimed.empty:
        return settled
    _post(work, game_id, claimed)
    rounds = claimed["reversals"] + 1
    tell(work, claimed, "BetSettled", rounds)
    work.transaction.execute(
        "betting/upsert_game_settlement",
        game_id=game_id,
        figures=json.dumps(figures | result_of(bets)),
        as_of=work.as_of,
        run_id=work.options.run_id,
    )
    about = pd.DataFrame({"game_id": [game_id]} | figures)
    corrected = work.transaction.read_value("betting/select_last_round", game_id=game_id)
    key = f"{game_id}:{corrected}" if corrected else game_id
    record(work, "GameSettled", about, [key])
    return settled


def grade(work: Work, bets: pd.DataFrame) -> pd.DataFrame:
    """Bets with what they are graded as, by the settings of this run."""
    graded = bets.join(grade_bets(bets, live_bets=work.settings.live_bets))
    graded["problem"] = graded["problem"].fillna(
        pd.Series(NO_BANKROLL, bets.index, dtype="str").where(~bets["has_bankroll"])
    )
    return graded


def claim(work: Work, graded: pd.DataFrame, *, is_correction: bool) -> pd.DataFrame:
    """The bets that still are what was graded, decided now: with decided_at, balance and reversals."""
    work.transaction.stage("staged_outcomes", graded[READ + DECIDED])
    claimed = work.transaction.read(
        "betting/claim_bets", as_of=work.as_of, is_correction=is_correction
    )
    work.transaction.execute("betting/insert_pick_authors")
    return graded.merge(claimed, on="bet_id", validate="one_to_one")


def count(decided: pd.DataFrame, *, left_pending: int) -> dict[str, int]:
    """Figures of a game: its decided bets by outcome, what was staked on them, their net."""
    outcomes = {outcome: int((decided["outcome"] == outcome).sum()) for outcome in OUTCOMES}
    return outcomes | {
        "bets": len(decided),
        "staked": int(decided["stake"].sum()),
        "net": int(decided["net"].sum()),
        "left_pending": left_pending,
    }


def result_of(bets: pd.DataFrame) -> dict[str, str | int | None]:
    """The result that bets of one game were graded by."""
    game = bets.iloc[0]
    scores = {name: game[name] for name in ("home_score", "away_score")}
    return {"status": game["game_status"]} | {
        name: None if pd.isna(score) else int(score) for name, score in scores.items()
    }


def _post(work: Work, game_id: str, claimed: pd.DataFrame) -> None:
    entries = post_results(claimed)
    when = claimed.groupby("user_id")["decided_at"].first()
    write_entries(
        work,
        entries.assign(
            game_id=game_id,
            effective_at=entries["user_id"].map(when),
            source_key=entries["bet_id"].map(settlement_keys(claimed)),
        ),
    )


def settlement_keys(bets: pd.DataFrame) -> pd.Series:
    """Source keys of settlements by bet: NULL in the first round of a bet.

    Args:
        bets: bet_id (unique), reversals (how often its settlement was taken back).
    """
    keys = "settlement:" + bets["bet_id"] + ":" + (bets["reversals"] + 1).astype("str")
    return keys.where(bets["reversals"] > 0).set_axis(bets["bet_id"])


def write_entries(work: Work, entries: pd.DataFrame) -> None:
    """Write entries into the ledger, in their order, and move the balances by them.

    An account that has none yet is opened before, with the balance the app gave it.

    Args:
        entries: user_id, kind, amount, balance_after, bet_id and effective_at; game_id, week_start
            (of resets), source_key and corrects_entry_id where they have any.
    """
    if entries.empty:
        return
    insert_entries(work, entries)
    work.transaction.execute("betting/move_balances")


def insert_entries(work: Work, entries: pd.DataFrame) -> None:
    """Write entries as `write_entries` does, and leave the balances as they are."""
    types = {
        "game_id": "str", "week_start": "datetime64[s]", "source_key": "str",
        "corrects_entry_id": "Int64",
    }  # fmt: skip
    nothing = {name: None for name in types if name not in entries}
    work.transaction.stage(
        "staged_entries",
        entries.assign(position=range(len(entries)), **nothing).astype(types)[
            [
                "position",
                "user_id",
                "kind",
                "amount",
                "balance_after",
                "bet_id",
                "effective_at",
                *types,
            ]
        ],
    )
    work.transaction.execute("betting/open_accounts", as_of=work.as_of, run_id=work.options.run_id)
    work.transaction.execute("betting/insert_bankroll_entries", run_id=work.options.run_id)


def tell(work: Work, bets: pd.DataFrame, event_type: str, rounds: pd.Series) -> None:
    """Tell users and apps what became of bets. Nobody is told twice of a round of a bet.

    Args:
        bets: with outcome; what was before in old_status and old_net, for the apps.
        rounds: which settlement of each bet this is, from 1.
    """
    outcome, is_correction = bets["outcome"], event_type == "BetResettled"
    decided = outcome.isin(["won", "lost"])
    followed = pd.Series("bet_", bets.index).mask(decided & bets["is_tail"], "tail_")
    prefix = followed.mask(decided & bets["is_fade"], "fade_")
    what = bets[["bet_id", "game_id", "stake", "payout", "net"]].assign(reason=bets["void_reason"])
    if is_correction:
        what = what.assign(previous_outcome=bets["old_status"], previous_net=bets["old_net"])
    keys = round_keys(bets["bet_id"], rounds)
    notify(
        work.transaction,
        bets["user_id"],
        (prefix + outcome).mask(outcome == "pending", "system"),
        what.assign(what="bet_corrected") if is_correction else what,
        dedupe_keys=("correction:" if is_correction else "bet:") + keys,
        at=work.as_of,
    )
    payloads = what.assign(user_id=bets["user_id"], outcome=outcome)
    payloads = payloads.assign(round=rounds) if is_correction else payloads
    record(work, event_type, payloads, keys.tolist())


def round_keys(ids: pd.Series, rounds: pd.Series) -> pd.Series:
    """What a round of something is known by: the first by its id alone."""
    return ids.where(rounds == 1, ids + ":" + rounds.astype("str"))


def record(work: Work, event_type: str, payloads: pd.DataFrame, keys: list[str]) -> None:
    """Write one event for each row."""
    record_events(
        work.transaction,
        event_type,
        payloads,
        dedupe_keys=pd.Series(keys, dtype="str"),
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
