"""The weekly reset: a week is closed and archived, and every bankroll begins the next at its target."""

from datetime import date, timedelta

import pandas as pd

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.betting.ledger import LEDGER, refuse_left_out, write_entries
from trc_pipelines.betting.publishing import notify, record
from trc_pipelines.betting.relations import bankrolls, bets, notifications, users
from trc_pipelines.betting.rules.bankrolls import close_week, reset_entries
from trc_pipelines.calendar import WEEK, midnight, week_start
from trc_pipelines.jobs.contract import Result, Work, step

ARCHIVED = [
    "user_id", "opening", "closing", "net", "adjustments", "bets", "won", "lost", "push", "wagered",
    "roi", "weekly_deposit", "referral_bonus",
]  # fmt: skip


@step(
    "betting",
    deps=[users, bets],
    max_age_minutes=169 * 60,
    unit="bankroll",
    writes=[bankrolls, notifications],
)
def bankroll_weekly_history(work: Work) -> Result:
    """One row per user and closed week: how the bankroll did before it was set to the new target.

    $1,000 and $100 for each referral. The balance counts as of Monday 00:00, and what settled since
    is kept on top. Once per user and week. A missed week is made up for, in order.
    """
    counts = reset_due_weeks(work)
    total = sum(counts.values())
    weeks = ", ".join(f"{week} ({count})" for week, count in counts.items())
    return Result(
        affected=total,
        details={"bankrolls_reset": total, "weeks_begun": len(counts)},
        notes=[f"for the week of {weeks}"] if total else [],
        rows_written=total,
    )


def reset_due_weeks(work: Work) -> dict[date, int]:
    """Reset every bankroll for each week that began since the last reset, in order.

    The budget counts bankrolls. A week is done when none is left, and the next one waits for that.

    Returns:
        How many were reset for each week.
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
    """Find the week after the last that was reset, or at first after that in which the ledger begins."""
    [weeks] = work.transaction.read_rows("betting/select_reset_weeks")
    if weeks["last_reset"]:
        return weeks["last_reset"] + WEEK  # type: ignore[no-any-return]
    first = min(newest, (weeks["ledger_begins"] or newest) + WEEK)
    cut_over_at = work.settings.cut_over_at("betting")
    if cut_over_at is None:
        return first
    # What began before was reset by the app's old job.
    return max(first, week_start((cut_over_at - timedelta.resolution).date()) + WEEK)


def _reset(work: Work, week: date) -> int:
    accounts = work.transaction.read(
        "betting/select_accounts_to_reset", week_start=week, most=work.budget.left
    )
    if accounts.empty:
        return 0
    needed = {"betting.bankrolls": ["balance"], users.table: ["referral_count"]}
    require_values(accounts, "user_id", needed)
    work.transaction.stage("staged_accounts", accounts[["user_id"]])
    movements = work.transaction.read("betting/select_movements")
    closed = close_week(accounts, movements, midnight(week))
    work.transaction.stage("staged_accounts", closed[ARCHIVED])
    left_out = work.transaction.read(
        "betting/reset_bankrolls", week_start=week, run_id=work.options.run_id
    )
    refuse_left_out("betting.begin_week", left_out)
    write_entries(work, reset_entries(closed, week))
    _publish(work, week, closed)
    return len(closed)


def _publish(work: Work, week: date, closed: pd.DataFrame) -> None:
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
    record(work, "BankrollReset", payloads, closed["user_id"] + f":{week}")
