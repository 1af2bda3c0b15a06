"""The weekly reset: a week is closed and archived, and every bankroll begins the next at its target."""

from datetime import date, timedelta

import pandas as pd

from trc_pipelines.betting.bankrolls import close_week
from trc_pipelines.betting.messages import notify
from trc_pipelines.betting.settlement import LEDGER, write_entries
from trc_pipelines.leaderboards.periods import week_start
from trc_pipelines.operations.contract import Work
from trc_pipelines.operations.events import record_events

WEEK = timedelta(days=7)
ARCHIVED = [
    "user_id", "opening", "closing", "net", "bets", "won", "lost", "push", "wagered", "roi",
    "weekly_deposit", "referral_bonus",
]  # fmt: skip


def reset_due_weeks(work: Work) -> dict[date, int]:
    """Reset every bankroll for each week that began since the last reset, in order; how many each.

    A limit counts bankrolls; a week is done when none is left, and the next one waits for that.
    """
    # Results that are being posted right now are waited for.
    work.db.execute("operations/lock_step", LEDGER)
    newest = week_start(work.as_of.date())
    done = work.db.read_value("betting/select_last_reset_week")
    week = done + WEEK if done else newest
    counts: dict[date, int] = {}
    left = work.options.limit
    while week <= newest and (left is None or left > 0):
        counts[week] = _reset(work, week, left)
        if counts[week] == left:
            break  # the week may not be finished: the next run goes on with it
        left = None if left is None else left - counts[week]
        work.db.execute("betting/insert_reset_week", week, work.options.run_id)
        week += WEEK
    return counts


def _reset(work: Work, week: date, limit: int | None) -> int:
    accounts = work.db.read("betting/select_accounts_to_reset", week, limit)
    if accounts.empty:
        return 0
    closed = close_week(accounts)
    work.db.stage("staged_accounts", closed[ARCHIVED])
    work.db.execute("betting/reset_bankrolls", week, work.options.run_id)
    write_entries(work, work.db, _entries(closed, week))
    _tell(work, week, closed)
    return len(closed)


def _entries(closed: pd.DataFrame, week: date) -> pd.DataFrame:
    """The resets, and before them what a balance below 0 would lack."""
    reset = closed.assign(kind="weekly_reset")
    # The write-off comes first, so that no balance is below 0 in between.
    write_off = closed.assign(
        kind="write_off",
        amount=closed["write_off"],
        balance_after=closed["balance"] + closed["write_off"],
    )[closed["write_off"] > 0]
    return pd.concat([write_off, reset], ignore_index=True)[
        ["user_id", "kind", "amount", "balance_after"]
    ].assign(
        bet_id=pd.Series(dtype="str"),
        game_id=pd.Series(dtype="str"),
        week_start=pd.Timestamp(week),
        effective_at=pd.Timestamp(week, tz="UTC"),
    )


def _tell(work: Work, week: date, closed: pd.DataFrame) -> None:
    payloads = pd.DataFrame(
        {
            "user_id": closed["user_id"],
            "week_start": str(week),
            "closing_balance": closed["closing"],
            "new_balance": closed["balance_after"],
        }
    )
    notify(
        work.db,
        closed["user_id"],
        pd.Series("system", closed.index),
        payloads.drop(columns="user_id").assign(what="bankroll_reset"),
        dedupe_keys=pd.Series(f"reset:{week}", closed.index),
        at=work.as_of,
    )
    record_events(
        work.db,
        "BankrollReset",
        payloads,
        dedupe_keys=closed["user_id"] + f":{week}",
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
