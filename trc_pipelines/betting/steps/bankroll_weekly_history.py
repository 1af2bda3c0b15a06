"""The weekly reset: a week is closed and archived, and every bankroll begins the next at its target."""

from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from trc_pipelines.betting.publishing import notify
from trc_pipelines.betting.rules.bankrolls import WEEK, close_week, order_entries, write_off_entries
from trc_pipelines.betting.settlement import LEDGER, write_entries
from trc_pipelines.calendar import week_start
from trc_pipelines.jobs.contract import Work
from trc_pipelines.jobs.events import record_events

ARCHIVED = [
    "user_id", "opening", "closing", "net", "adjustments", "bets", "won", "lost", "push", "wagered",
    "roi", "weekly_deposit", "referral_bonus",
]  # fmt: skip


def reset_due_weeks(work: Work) -> dict[date, int]:
    """Reset every bankroll for each week that began since the last reset, in order; how many each.

    A limit counts bankrolls; a week is done when none is left, and the next one waits for that.
    """
    # Results that are being posted right now are waited for.
    work.transaction.execute("jobs/lock_step", table=LEDGER)
    newest = week_start(work.as_of.date())
    week = _first_week(work, newest)
    counts: dict[date, int] = {}
    while week <= newest and not work.budget.is_spent:
        counts[week] = _reset(work, week)
        work.budget.take(counts[week])
        if work.budget.is_spent:
            break  # the week may not be finished: the next run goes on with it
        work.transaction.execute(
            "betting/insert_reset_week", week_start=week, run_id=work.options.run_id
        )
        week += WEEK
    return counts


def _first_week(work: Work, newest: date) -> date:
    """The week after the last that was reset; before the first reset, after that which moved money."""
    weeks = work.transaction.read_row("betting/select_reset_weeks") or {}
    if weeks["last_reset"]:
        return weeks["last_reset"] + WEEK  # type: ignore[no-any-return]
    return min(newest, (weeks["ledger_begins"] or newest) + WEEK)


def _reset(work: Work, week: date) -> int:
    accounts = work.transaction.read(
        "betting/select_accounts_to_reset", week_start=week, most=work.budget.left
    )
    if accounts.empty:
        return 0
    work.transaction.stage("staged_accounts", accounts[["user_id"]])
    movements = work.transaction.read("betting/select_movements")
    closed = close_week(accounts, movements, datetime.combine(week, time(), UTC))
    work.transaction.stage("staged_accounts", closed[ARCHIVED])
    work.transaction.execute("betting/reset_bankrolls", week_start=week, run_id=work.options.run_id)
    write_entries(work, _entries(closed, week))
    _tell(work, week, closed)
    return len(closed)


def _entries(closed: pd.DataFrame, week: date) -> pd.DataFrame:
    """The resets, and what write-offs of the week that ends and of the one that began lack."""
    boundary = pd.Timestamp(week, tz="UTC")
    by_user = closed.set_index("user_id")
    entries = pd.concat(
        [
            write_off_entries(by_user["write_off"]).assign(
                week_start=pd.Timestamp(week - WEEK), effective_at=boundary - timedelta.resolution
            ),
            closed[["user_id", "amount"]].assign(
                kind="weekly_reset", week_start=pd.Timestamp(week), effective_at=boundary
            ),
            write_off_entries(by_user["since_write_off"]).assign(
                week_start=pd.Timestamp(week), effective_at=boundary
            ),
        ],
        ignore_index=True,
    )
    return order_entries(entries.assign(balance=entries["user_id"].map(by_user["balance"])))


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
        work.transaction,
        closed["user_id"],
        pd.Series("system", closed.index),
        payloads.drop(columns="user_id").assign(what="bankroll_reset"),
        dedupe_keys=pd.Series(f"reset:{week}", closed.index),
        at=work.as_of,
    )
    record_events(
        work.transaction,
        "BankrollReset",
        payloads,
        dedupe_keys=closed["user_id"] + f":{week}",
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
