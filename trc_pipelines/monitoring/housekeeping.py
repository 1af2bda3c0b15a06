"""Housekeeping: what has grown old is removed once a day, so that years of operation stay flat.

Dagster removes nothing of its own but old ticks: its runs and events are removed here, by SQL in its
database. What it knows of assets stays (which partitions are materialised, the newest event of each,
the newest verdict of each check), and so does everything of runs and backfills that go on. Its own
`delete_run` would forget the partitions with the run.
"""

import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database, DatabaseError, Transaction
from trc_pipelines.database.locate import locate_dagster_database
from trc_pipelines.jobs.contract import Job, Result, Work, step
from trc_pipelines.settings import IN_HOST, Settings

INCIDENTS_FOR_DAYS = EVENTS_FOR_DAYS = 90
PURGES_FOR_DAYS = 365
RUN_FILES = "dagster_run_files"


@dataclass(frozen=True)
class Target:
    """Something that grows old.

    Attributes:
        name: what is removed, as `operations.purges` has it.
        statement: removes what is from before :before; its only value is how much that was.
        days: how long it is kept.
    """

    name: str
    statement: str
    days: Callable[[Settings], int]


def _history_days(settings: Settings) -> int:
    return settings.history_retention_days


# The order matters: an event or verdict goes after its run, a backfill after all of its runs.
DAGSTER_TARGETS = [
    Target("dagster_runs", "monitoring/purge_dagster_runs", _history_days),
    Target("dagster_backfills", "monitoring/purge_dagster_backfills", _history_days),
    Target("dagster_checks", "monitoring/purge_dagster_checks", _history_days),
    Target("dagster_events", "monitoring/purge_dagster_events", _history_days),
]
TARGETS = [
    Target("job_executions", "monitoring/purge_job_executions", _history_days),
    Target("alerts", "monitoring/purge_alerts", _history_days),
    Target(
        "incidents",
        "monitoring/purge_incidents",
        lambda settings: max(settings.history_retention_days, INCIDENTS_FOR_DAYS),
    ),
    Target("domain_events", "monitoring/purge_domain_events", lambda _settings: EVENTS_FOR_DAYS),
    Target("purges", "monitoring/purge_purges", lambda _settings: PURGES_FOR_DAYS),
]


@dataclass
class Purged:
    """What a run removed, by target, and why some of it could not be or was not looked for."""

    removed: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: str = ""


def build_housekeeping(targets: Sequence[Target]) -> Job:
    """Make the job that removes what has grown old.

    Args:
        targets: those of the domains.
    """

    @step("operations", max_age_minutes=25 * 60, unit="target")
    def purges(work: Work) -> Result:
        """One row per housekeeping run and target: how much was removed because it had grown old.

        History of runs, alerts and readings, and nothing that points, streaks or boards are made from.
        """
        return purge(work, targets)

    return Job(
        name="housekeeping",
        description="Remove what has grown old: readings, and the history of runs and alerts.",
        cron="30 3 * * *",
        stale_after=timedelta(hours=25),
        steps=[purges],
    )


def purge(work: Work, targets: Sequence[Target]) -> Result:
    """Purge every target. One that cannot be purged is named, and the others are done."""
    ours = [*TARGETS, *targets]
    # Executed elsewhere runs leave no files: what they print is in the log of their worker.
    files = [RUN_FILES] if work.settings.run_launcher == IN_HOST else []
    names = [*[target.name for target in DAGSTER_TARGETS], *files, *[t.name for t in ours]]
    chosen = names[: work.budget.left]
    purged = Purged()
    _purge_dagster(work, [t for t in DAGSTER_TARGETS if t.name in chosen], purged)
    if RUN_FILES in chosen:
        _purge_run_files(work, purged)
    _record(work, work.transaction, purged.removed)
    _purge_ours(work, [t for t in ours if t.name in chosen], purged)
    total = sum(purged.removed.values())
    failures = [f"{name} ({reason})" for name, reason in purged.failed.items()]
    return Result(
        affected=total,
        message=f"{total} removed of {len(purged.removed)} targets"
        + (f"; skipped: {purged.skipped}" if purged.skipped else "")
        + (f"; not removed: {', '.join(failures)}" if failures else ""),
        details=dict(purged.removed),
        rows_written=len(purged.removed),
        success=not failures,
    )


def remove_run_files(folder: Path, before: datetime, *, dry_run: bool) -> int:
    """Remove what runs printed that began before then.

    Args:
        folder: where Dagster keeps a folder per run, called after it.

    Returns:
        How many runs that was.
    """
    old = [
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if _is_run_id(path.name) and path.stat().st_mtime < before.timestamp()
    ]
    if not dry_run:
        for path in old:
            shutil.rmtree(path)
    return len(old)


def _purge_ours(work: Work, targets: Sequence[Target], purged: Purged) -> None:
    """Purge each with its record in a transaction of its own: a lock is held, or waited for, by one."""
    by_name = {target.name: target for target in targets}

    def change(work: Work, name: str) -> int:
        removed = _remove(work, work.transaction, [by_name[name]])
        _record(work, work.transaction, removed)
        return removed[name]

    removed, failed = work.change_each(by_name, change)
    purged.removed |= removed
    purged.failed |= failed


def _purge_dagster(work: Work, targets: Sequence[Target], purged: Purged) -> None:
    """Purge all in one transaction, for each looks at what the one before has left.

    It commits before its record: killed in between, a run removed more than it reports.
    """
    removed: dict[str, int] = {}
    try:
        dagster = _find_dagster(work)
        if isinstance(dagster, str):
            purged.skipped = dagster
            return
        with dagster.transaction(commit=not work.is_dry_run) as transaction:
            if transaction.read_value("monitoring/has_event_log"):
                removed = _remove(work, transaction, targets)
            else:
                purged.skipped = "Dagster has made no tables in its database yet"
    except DatabaseError as error:
        purged.failed |= {target.name: str(error) for target in targets}
    else:
        purged.removed |= removed


def _find_dagster(work: Work) -> Database | str:
    """Find Dagster's database, or say why there is none. One that the settings name is taken to be there."""
    url = locate_dagster_database(work.settings, work.database)
    name = make_url(url).database
    if work.settings.dagster_database_url is None and not work.transaction.read_value(
        "monitoring/has_database", name=name
    ):
        return f"there is no database {name}, so Dagster has kept nothing"
    return replace(work.database, url=url)


def _purge_run_files(work: Work, purged: Purged) -> None:
    before = work.as_of - timedelta(days=_history_days(work.settings))
    try:
        purged.removed[RUN_FILES] = remove_run_files(
            work.settings.trc_home / "dagster" / "storage", before, dry_run=work.is_dry_run
        )
    except OSError as error:
        purged.failed[RUN_FILES] = f"{error.filename}: {error.strerror}"


def _remove(work: Work, transaction: Transaction, targets: Sequence[Target]) -> dict[str, int]:
    return {
        target.name: int(
            transaction.read_value(
                target.statement, before=work.as_of - timedelta(days=target.days(work.settings))
            )
        )
        for target in targets
    }


def _record(work: Work, transaction: Transaction, removed: dict[str, int]) -> None:
    for name, count in removed.items():
        transaction.execute(
            "monitoring/upsert_purge",
            run_id=work.options.run_id,
            target=name,
            removed_count=count,
            as_of=work.as_of,
        )


def _is_run_id(name: str) -> bool:
    try:
        return str(uuid.UUID(name)) == name
    except ValueError:
        return False
