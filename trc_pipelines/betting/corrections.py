"""What a person does to money: settle a game again, adjust a bankroll, put a balance back.

Nothing is edited. A wrong result is reversed and the right one posted, in one transaction. While the
week is open both count when the wrong one did, so that it is as if the right one had been settled in
the first place. A week that was closed stays as it is: what is corrected of it counts now.
"""

import getpass
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal, get_args

import pandas as pd

from trc_pipelines.betting.ledger import LEDGER, insert_entries, move_balances, write_entries
from trc_pipelines.betting.publishing import notify, record
from trc_pipelines.betting.rules.bankrolls import correct_results, restore_accounts
from trc_pipelines.betting.settlement import OUTCOMES, begin_unit, claim, grade
from trc_pipelines.calendar import week_start
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import JobError, Options, Work
from trc_pipelines.names import clean_name
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

AdjustmentKind = Literal["promotion", "deposit", "correction"]
ADJUSTMENT_KINDS: tuple[AdjustmentKind, ...] = get_args(AdjustmentKind)
LONGEST_REASON = 500
LONGEST_KEY = 200
# What a claim needs of a bet: every field that grading, paying or publishing used, among others.
READ = [
    "bet_no", "bet_id", "user_id", "game_id", "bet_type", "bet_details", "stake", "odds", "potential_win",
    "is_tail", "is_fade", "original_pick_id", "created_at", "old_status", "old_payout", "old_net",
    "old_settled_at", "game_status", "home_team", "away_team", "home_score", "away_score",
    "commence_time", "completed_at", "reversals",
]  # fmt: skip
# Cents one adjustment may move; like one bet, it keeps every sum far from 64 bits.
MOST_ADJUSTED = 10**12


@contextmanager
def work_by_hand(
    database: Database,
    settings: Settings,
    *,
    done_by: str,
    dry_run: bool,
    now: datetime | None = None,
) -> Iterator[Work]:
    """Open a transaction for what a person does now. A dry run is rolled back."""
    options = Options.of_now(done_by, as_of=now)
    day = options.as_of.date()
    with database.transaction(commit=not dry_run) as transaction:
        yield Work(transaction, database, settings, options, (day, day), dry_run)


def name_operator(place: str) -> str:
    """Name who sits at this machine, as far as it knows. `place` is where it was typed."""
    try:
        return f"{place}: {clean_name(getpass.getuser())}"
    except (OSError, KeyError):  # a container whose user has no name
        return place


def resettle_game(work: Work, game_id: str, reason: str) -> str:
    """Settle a game again by what it is now, and say in one line what changed.

    Bets whose outcome, payout or net come out differently, from what they say or from what the
    ledger has, are reversed and settled again. Those that cannot be graded now, or whose game is not
    over after all, are pending again. When nothing comes out differently, nothing is written.

    Raises:
        JobError: there is no such game, it was never settled, it has no score, no reason is given,
            or bets changed meanwhile.
    """
    why = _clean_reason(reason)
    begin_unit(work)
    game = work.transaction.read_row("betting/select_settled_game", game_id=game_id)
    if game is None:
        raise JobError(
            f"there is no game {game_id!r}; games are named by their id in betting.games"
        )
    last = work.transaction.read_value("betting/select_last_round", game_id=game_id)
    if game["was"] is None and last:
        return f"no bet on game {game_id} is settled since it was corrected; nothing is to be corrected"
    if game["was"] is None:
        raise JobError(
            f"no bet on game {game_id} is settled, so there is nothing to correct; "
            "when it is over, trc run game_settlement settles it"
        )
    if game["is_now"] is None:
        raise JobError(
            f"game {game_id} is completed and has no score; correct home_score and away_score first"
        )
    bets = work.transaction.read("betting/select_settled_bets", game_id=game_id, as_of=work.as_of)
    graded = grade(work, bets)
    waits = graded["problem"].notna()
    graded["outcome"] = graded["outcome"].mask(waits, "pending")
    graded["payout"], graded["net"] = graded["payout"].mask(waits), graded["net"].mask(waits)
    differs = ~(
        (graded["outcome"] == graded["old_status"])
        & (graded["payout"] == graded["old_payout"]).fillna(False)
        & (graded["net"] == graded["old_net"]).fillna(False)
        & (graded["net"] == graded["posted"]).fillna(False)
    )
    wrong = graded[differs]
    if wrong.empty and game["was"] == game["is_now"]:
        return f"game {game_id} is settled by {game['was']} already; nothing is to be corrected"
    _claim(work, game_id, wrong)
    _post(work, wrong)
    _publish(work, wrong)
    rounds = int(last or 1) + 1
    net = int((wrong["net"].fillna(0) - wrong["posted"]).sum())
    _record_round(work, graded[~waits], game | {"round": rounds, "reason": why, "net": net}, wrong)
    by = f"by {game['is_now']} instead of {game['was']}"
    if game["was"] == game["is_now"]:
        by = f"again by {game['was']}"
    outcomes = wrong["outcome"].value_counts()
    return (
        f"game {game_id}: settled {by} (round {rounds}); "
        f"{len(wrong)} of {counted(len(bets), 'bets')} changed"
        + (
            f" ({', '.join(f'{n} {outcome}' for outcome, n in outcomes.items())})"
            if len(wrong)
            else ""
        )
        + f", which moves balances by {_dollars(net)} before write-offs"
    )


def _claim(work: Work, game_id: str, wrong: pd.DataFrame) -> None:
    """Decide the bets anew, all of them or none."""
    if wrong.empty:
        return
    work.transaction.stage("unit_bets", wrong[READ].assign(game_no=1, has_other_result=False))
    claim(work, wrong)
    [claimed] = work.transaction.read_rows("betting/count_results")
    if claimed["bets"] < len(wrong):
        raise JobError(
            f"game {game_id} or bets on it changed meanwhile; nothing was changed, run it again"
        )


def _post(work: Work, corrected: pd.DataFrame) -> None:
    """Entries that take the old results back and put the new ones in their place."""
    if corrected.empty:
        return
    what = corrected[["bet_id", "user_id", "game_id", "chain_id", "effective_at"]].assign(
        run_id=work.options.run_id
    )
    reversed_so_far = corrected["reversals"]
    reversals = what.assign(
        kind="reversal",
        amount=-corrected["posted"],
        source_key=_key("reversal:" + corrected["bet_id"], reversed_so_far + 1),
    )
    settlements = what.assign(
        kind="bet_settled",
        amount=corrected["net"],
        source_key=_key("settlement:" + corrected["bet_id"], reversed_so_far + 2),
    )[corrected["outcome"] != "pending"]
    users = corrected.groupby("user_id")[["balance"]].max()
    work.transaction.stage("staged_accounts", users.reset_index()[["user_id"]])
    movements = work.transaction.read("betting/select_movements")
    entries = correct_results(
        pd.concat([reversals, settlements], ignore_index=True),
        movements,
        users["balance"].astype("int64"),
    )
    newest = corrected.groupby("user_id")["effective_at"].max()
    entries["effective_at"] = entries["effective_at"].fillna(entries["user_id"].map(newest))
    entries["game_id"] = corrected["game_id"].iloc[0]
    write_entries(work, entries.rename(columns={"chain_id": "corrects_entry_id"}))


def _key(what: pd.Series, rounds: pd.Series) -> pd.Series:
    return what + ":" + rounds.astype("str")


def _publish(work: Work, corrected: pd.DataFrame) -> None:
    """Notify users and record events of what became of bets, once for each round of a bet."""
    outcome = corrected["outcome"]
    decided = outcome.isin(["won", "lost"])
    followed = pd.Series("bet_", corrected.index).mask(decided & corrected["is_tail"], "tail_")
    prefix = followed.mask(decided & corrected["is_fade"], "fade_")
    what = corrected[["bet_id", "game_id", "stake", "payout", "net"]].assign(
        reason=corrected["void_reason"],
        previous_outcome=corrected["old_status"],
        previous_net=corrected["posted"],
    )
    rounds = corrected["reversals"] + 2
    keys = _key(corrected["bet_id"], rounds)
    notify(
        work.transaction,
        corrected["user_id"],
        (prefix + outcome).mask(outcome == "pending", "system"),
        what.assign(what="bet_corrected"),
        dedupe_keys="correction:" + keys,
        at=work.as_of,
    )
    payloads = what.assign(user_id=corrected["user_id"], outcome=outcome, round=rounds)
    record(work, "BetResettled", payloads, keys)


def _record_round(
    work: Work, decided: pd.DataFrame, game: dict[str, object], wrong: pd.DataFrame
) -> None:
    """What the game is settled by now, and who corrected it why."""
    game_id = str(game["game_id"])
    waits, waited = (wrong[name] == "pending" for name in ("outcome", "old_status"))
    pending = int(game["pending"] or 0) + int(waits.sum()) - int(waited.sum())  # type: ignore[call-overload]
    figures = _count(decided, left_pending=pending)
    result = _result_of(decided) if len(decided) else {}
    work.transaction.execute(
        "betting/replace_game_settlement",
        game_id=game_id,
        figures=json.dumps(figures | result),
        run_id=work.options.run_id,
    )
    work.transaction.execute(
        "betting/insert_game_correction",
        game_id=game_id,
        round=game["round"],
        was=game["was"],
        is_now=game["is_now"],
        bets=len(wrong),
        net=game["net"],
        reason=game["reason"],
        executed_by=work.options.executed_by,
        as_of=work.as_of,
        run_id=work.options.run_id,
    )
    told = {name: game[name] for name in ("game_id", "round", "was", "is_now", "reason")}
    about = pd.DataFrame([told | figures | {"bets_corrected": len(wrong), "moved": game["net"]}])
    record(work, "GameResettled", about, [f"{game_id}:{game['round']}"])


def _count(decided: pd.DataFrame, *, left_pending: int) -> dict[str, int]:
    """Count the decided bets of a game by outcome, with what was staked on them and their net."""
    outcomes = {outcome: int((decided["outcome"] == outcome).sum()) for outcome in OUTCOMES}
    return outcomes | {
        "bets": len(decided),
        "staked": int(decided["stake"].sum()),
        "net": int(decided["net"].sum()),
        "left_pending": left_pending,
    }


def _result_of(bets: pd.DataFrame) -> dict[str, str | int | None]:
    """Find the result that bets of one game were graded by."""
    game = bets.iloc[0]
    scores = {name: game[name] for name in ("home_score", "away_score")}
    return {"status": game["game_status"]} | {
        name: None if pd.isna(score) else int(score) for name, score in scores.items()
    }


def adjust_bankroll(
    work: Work, user_id: str, amount: int, kind: AdjustmentKind, reason: str, key: str | None = None
) -> str:
    """Add to a bankroll or, as a correction, take from it, and say so in one line.

    Made once for each key. Without one, the same adjustment of the same user for the same reason
    is made once a day.

    Raises:
        JobError: there is no such bankroll, the amount does not fit kind or balance, no reason is
            given, or the key belongs to another adjustment.
    """
    why, user = _clean_reason(reason), user_id.strip()
    if kind not in ADJUSTMENT_KINDS:
        raise JobError(f"kind is {kind!r}; it accepts {', '.join(ADJUSTMENT_KINDS)}")
    if not 0 < abs(amount) <= MOST_ADJUSTED or (amount < 0 and kind != "correction"):
        raise JobError(
            f"amount is {amount} cents; a {kind} accepts "
            + ("anything but 0" if kind == "correction" else "more than 0")
            + f", at most {MOST_ADJUSTED}"
        )
    if key is not None and not 0 < len(key.strip()) <= LONGEST_KEY:
        raise JobError(
            f"the key has {counted(len(key), 'characters')}; it accepts 1 to {LONGEST_KEY}"
        )
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    account = work.transaction.read_row("betting/select_account", user_id=user, as_of=work.as_of)
    if account is None:
        raise JobError(_no_bankroll(user))
    day = work.as_of.date()
    said = hashlib.sha256(f"{user}|{kind}|{amount}|{day}|{why}".encode()).hexdigest()
    source = clean_name(key, LONGEST_KEY) if key else f"{day}:{said[:32]}"
    made = work.transaction.read_row("betting/select_adjustment", adjustment_key=source)
    if made is not None:
        if (made["user_id"], made["kind"], made["amount"]) != (user, kind, amount):
            raise JobError(
                f"key {source!r} is that of another adjustment: {made['kind']} of "
                f"{_dollars(made['amount'])} for {made['user_id']}; choose a key of its own"
            )
        again = "" if key else "; if it is meant a second time, give it a key of its own (--key)"
        return f"made already, at {made['adjusted_at']:%Y-%m-%d %H:%M}Z: nothing was changed{again}"
    if account["balance"] + amount < 0:
        raise JobError(
            f"the balance of {user} is {_dollars(account['balance'])} "
            f"({account['balance']} cents); it cannot be lowered by more"
        )
    balance = account["balance"] + amount
    entry = {
        "user_id": user, "kind": kind, "amount": amount, "balance_after": balance, "bet_id": None,
        "effective_at": account["effective_at"], "source_key": f"adjustment:{source}",
    }  # fmt: skip
    write_entries(work, pd.DataFrame([entry]).astype({"bet_id": "str"}))
    _record_adjustment(work, source, user, kind, amount, balance, why)
    return f"{kind} of {_dollars(amount)}: the balance of {user} is {_dollars(balance)} now"


def restore_bankroll(work: Work, user_id: str, reason: str) -> str:
    """Put a balance that was changed around the ledger back to what the ledger says.

    What happened on the wrong balance is mended too: losses that were written off by it, a weekly
    reset that began with it. A balance that agrees with its ledger is left as it is.

    Raises:
        JobError: there is no such bankroll, or no reason is given.
    """
    why, user = _clean_reason(reason), user_id.strip()
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    account = work.transaction.read_row(
        "betting/select_account_by_ledger", user_id=user, as_of=work.as_of
    )
    if account is None:
        raise JobError(_no_bankroll(user))
    was = account["balance"]
    if account["ledger_sum"] is None:
        return (
            f"the ledger has no entry of {user} yet, so the balance of {_dollars(was)} is what the "
            "app began with; nothing is to be restored"
        )
    if was == account["ledger_sum"] == account["last_balance"]:
        return (
            f"the balance of {user} is {_dollars(was)}, as its ledger has it; "
            "nothing is to be restored"
        )
    accounts = pd.DataFrame([{"user_id": user} | account])
    work.transaction.stage("staged_accounts", accounts[["user_id"]])
    entries = restore_accounts(accounts, work.transaction.read("betting/select_movements"))
    key = f"restoration:{work.options.run_id}"
    is_write_off = entries["kind"] != "restoration"
    week = pd.Timestamp(week_start(account["effective_at"].date()))
    insert_entries(
        work,
        entries.assign(
            effective_at=account["effective_at"],
            week_start=pd.Series(week, entries.index).where(is_write_off),
            source_key=pd.Series(key, entries.index, dtype="str").mask(is_write_off),
        ),
    )
    balance = int(entries["balance_after"].iloc[-1])
    work.transaction.stage(
        "staged_entries", pd.DataFrame([{"user_id": user, "amount": balance - was}])
    )
    move_balances(work)
    _record_adjustment(work, key, user, "restoration", balance - was, balance, why)
    if balance == was:
        return f"the balance of {user} stays {_dollars(balance)}, and its ledger has it again"
    return (
        f"the balance of {user} is {_dollars(balance)} again, as its ledger has it; "
        f"it was {_dollars(was)}"
    )


def _record_adjustment(
    work: Work, key: str, user: str, kind: str, amount: int, balance: int, why: str
) -> None:
    """Record who did it and why, and notify the user and the apps."""
    work.transaction.execute(
        "betting/insert_adjustment",
        adjustment_key=key,
        user_id=user,
        kind=kind,
        amount=amount,
        reason=why,
        executed_by=work.options.executed_by,
        as_of=work.as_of,
        run_id=work.options.run_id,
    )
    what = pd.DataFrame([{"kind": kind, "amount": amount, "new_balance": balance}])
    notify(
        work.transaction, pd.Series([user]), pd.Series(["system"]), what.assign(what="bankroll_adjusted"),
        dedupe_keys=pd.Series([f"adjustment:{key}"]), at=work.as_of,
    )  # fmt: skip
    record(work, "BankrollAdjusted", what.assign(user_id=user, reason=why), [key])


def _no_bankroll(user: str) -> str:
    return f"user {user} has no bankroll; the app creates it. The id is as in betting.users"


def _clean_reason(reason: str) -> str:
    if not reason.strip():
        raise JobError("it needs a reason; the reason is kept with what was done")
    return clean_name(reason, LONGEST_REASON)


def _dollars(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
