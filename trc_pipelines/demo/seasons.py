"""The past of the made-up apps, played through the real jobs while the apps go on; then their present."""

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pandas as pd
from dagster._utils.schedules import get_next_cron_tick

from trc_pipelines.database.connection import Connection, Database, DatabaseError
from trc_pipelines.demo.play import run_job_at
from trc_pipelines.jobs.contract import Job
from trc_pipelines.settings import Settings

logger = logging.getLogger(__name__)

HALF_HOUR = timedelta(minutes=30)
LIVE_SECONDS = 20


class App(Protocol):
    """An app of the demo."""

    def play(self, after: datetime, until: datetime) -> None:
        """Do what its users do in (after, until]."""


def plan_ticks(after: datetime, until: datetime) -> list[datetime]:
    """Every half hour in (after, until]."""
    first = pd.Timestamp(after + timedelta(microseconds=1)).ceil("30min")
    return [tick.to_pydatetime() for tick in pd.date_range(first, until, freq=HALF_HOUR)]


def is_due(job: Job, tick: datetime) -> bool:
    """Whether the job's clock strikes at that moment."""
    if job.cron is None:
        return False
    return get_next_cron_tick(job.cron, tick - timedelta(seconds=1), "UTC") == tick


def play_season(
    database: Database,
    settings: Settings,
    app: App,
    jobs: Sequence[Job],
    after: datetime,
    ticks: Sequence[datetime],
) -> Iterator[datetime]:
    """Live through the ticks in order; at each the jobs run that are due, while users go on.

    Raises:
        JobError: a job refused.
    """
    with database.connect() as connection, ThreadPoolExecutor(1) as users:
        for tick in ticks:
            playing = users.submit(app.play, after, tick)
            _run_due(database, connection, settings, jobs, after)
            playing.result()
            after = tick
            yield tick
        _run_due(database, connection, settings, jobs, after)


def _run_due(
    database: Database,
    connection: Connection,
    settings: Settings,
    jobs: Sequence[Job],
    at: datetime,
) -> None:
    for job in jobs:
        if is_due(job, at):
            run_job_at(database, connection, settings, job, at)


@contextmanager
def keep_playing(apps: Sequence[App], since: datetime) -> Iterator[None]:
    """Have the users go on as time goes by, until the block ends."""
    stop = threading.Event()

    def live() -> None:
        last = since
        while not stop.wait(LIVE_SECONDS):
            now = datetime.now(UTC)
            try:
                for app in apps:
                    app.play(last, now)
            except DatabaseError as error:
                logger.warning("the made-up users have stopped: %s", error)
                return
            last = now

    thread = threading.Thread(target=live)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
