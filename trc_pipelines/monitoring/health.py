"""Health: what is wrong with the jobs, judged from what is stored, so that a restart forgets nothing."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.checks import Check
from trc_pipelines.jobs.contract import Job
from trc_pipelines.monitoring.alerts import Condition, reconcile
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

FAILURES_TO_ESCALATE = 3
# A check is evaluated by a run, which may have to wait in the queue, and takes a while.
GRACE = timedelta(minutes=90)

FindConditions = Callable[[Transaction], list[Condition]]


def assess_jobs(jobs: pd.DataFrame, now: datetime) -> list[Condition]:
    """Find jobs without a success for too long, and jobs that fail again and again.

    Args:
        jobs: job_name, stale_after (timedelta), first_seen_at, last_success_at (NULL: never),
            failures (since the last success), last_message (of the latest failure).
    """
    since = jobs["last_success_at"].fillna(jobs["first_seen_at"])
    late = jobs[since + jobs["stale_after"] < now]
    failing = jobs[jobs["failures"] >= FAILURES_TO_ESCALATE]
    return [
        Condition("stale", job_name, "error", _describe_stale(job_name, last, limit))
        for job_name, last, limit in zip(
            late["job_name"], late["last_success_at"], late["stale_after"], strict=True
        )
    ] + [
        Condition(
            "failing",
            job_name,
            "critical",
            f"{job_name} has failed {failures} times in a row, last: {message}",
        )
        for job_name, failures, message in zip(
            failing["job_name"], failing["failures"], failing["last_message"], strict=True
        )
    ]


def assess_checks(
    checks: Sequence[Check], results: Sequence[Mapping[str, Any]], now: datetime
) -> list[Condition]:
    """Find checks that do not hold, one condition each, and one for all that are no longer evaluated.

    Args:
        results: table_name, check_name, checked_at (or known since), has_passed (None: never
            evaluated), violations_count, first_violations (JSON), of every check.
    """
    by_key = {(row["table_name"], row["check_name"]): row for row in results}
    known = [(check, by_key[check.table, check.name]) for check in checks]
    broken = [
        Condition("broken", f"{check.table}.{check.name}", "error", _describe_check(check, row))
        for check, row in known
        if row["has_passed"] is False
    ]
    late = [check for check, row in known if row["checked_at"] + check.every + GRACE < now]
    if not late:
        return broken
    return [
        *broken,
        Condition(
            "stale",
            "checks",
            "error",
            f"{len(late)} of {len(known)} checks are not evaluated as often as they should be, first "
            f"{late[0].table}.{late[0].name}. Look at the runs of hourly_checks and verification in "
            "the Dagster UI. To evaluate all now: trc verify",
        ),
    ]


def watch(
    transaction: Transaction,
    settings: Settings,
    jobs: Sequence[Job],
    finders: Sequence[FindConditions],
    now: datetime,
    checks: Sequence[Check] = (),
) -> list[Condition]:
    """Look at every job and check once: open, remind of and close incidents.

    Args:
        finders: what else may be wrong, one function per domain.

    Returns:
        What is wrong now.
    """
    enabled = [job for job in jobs if job.is_enabled(settings)]
    names = [job.name for job in enabled]
    for name in names:
        transaction.execute("jobs/insert_job", job_name=name, now=now)
    known = transaction.read("monitoring/select_job_health")
    known = known[known["job_name"].isin(names)]
    limits = {job.name: job.stale_after for job in enabled}
    stale_after = pd.to_timedelta(known["job_name"].map(limits))
    conditions = assess_jobs(known.assign(stale_after=stale_after), now)
    conditions += _look_at_checks(transaction, checks, now)
    for find in finders:
        conditions += find(transaction)
    reconcile(transaction, conditions, now)
    return conditions


def _look_at_checks(
    transaction: Transaction, checks: Sequence[Check], now: datetime
) -> list[Condition]:
    if not checks:
        return []
    tables, names = [check.table for check in checks], [check.name for check in checks]
    transaction.execute("monitoring/insert_checks", tables=tables, names=names, now=now)
    return assess_checks(checks, transaction.read_rows("monitoring/select_check_results"), now)


def _describe_stale(job_name: str, last: pd.Timestamp, limit: pd.Timedelta) -> str:
    success = (
        "has never succeeded" if pd.isna(last) else f"last succeeded {last:%Y-%m-%d %H:%M} UTC"
    )
    hours = f"{limit / pd.Timedelta(hours=1):.3g} h"
    return (
        f"{job_name} {success}; it should every {hours}. Look at its runs in the Dagster UI, and "
        "whether the daemon is up."
    )


def _describe_check(check: Check, row: Mapping[str, Any]) -> str:
    first = "; ".join(
        ", ".join(f"{name} {value}" for name, value in keys.items())
        for keys in json.loads(row["first_violations"])
    )
    count = row["violations_count"]
    return (
        f"{check.name} does not hold of {check.table}: {counted(count, 'rows')}, "
        f"first {first}. It should be so: {check.description} {check.remedy} "
        "Then, to see that it holds: trc verify"
    )
