"""Weeks of a made-up guild played through the real jobs, over HTTP, with their clock moved.

Showing it is the command line's business.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd

from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.database.connection import Connection, Database
from trc_pipelines.demo.app import HISTORY, change_by_hand, invent_transactions
from trc_pipelines.demo.population import Population
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Job, JobError, Options
from trc_pipelines.jobs.execution import Run
from trc_pipelines.settings import Settings

# Hour by hour is enough for what lies back; the last day is as dense as a real one.
DENSE = timedelta(days=1)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def plan_slots(first_day: date, last: datetime | None, end: datetime) -> list[datetime]:
    """Moments to sync: after `last` (None: from the first day on), up to and including `end`."""
    start = datetime.combine(first_day, time(), UTC)
    if last is not None:
        # What is long gone is not worth waiting for: the next reading catches up on it.
        start = max(last + timedelta(microseconds=1), end - HISTORY)
    hours = pd.date_range(pd.Timestamp(start).ceil("h"), end - DENSE, freq=HOUR)
    dense = pd.date_range(pd.Timestamp(max(start, end - DENSE)).ceil("15min"), end, freq=QUARTER)
    return [moment.to_pydatetime() for moment in hours.union(dense)]


def play(
    database: Database, settings: Settings, simulator: Simulator, slots: Sequence[datetime]
) -> Iterator[datetime]:
    """Live through the slots in order; each is yielded once its jobs are committed.

    Raises:
        JobError: a job refused, or a sync was not accepted.
    """
    population = simulator.board
    assert isinstance(population, Population)
    if not slots:
        return
    ranking = read_catalogue(settings).board_jobs.recalculation
    first_day = datetime.combine(settings.community_start_on, time(), UTC)
    previous = max(slots[0] - HOUR, first_day)
    days = pd.date_range(previous.date(), slots[-1].date()).date
    awards = pd.concat([invent_transactions(day) for day in days])
    # One connection for all: opening one for each of 600 syncs takes as long as the rest.
    with database.connect() as connection:
        for slot in slots:
            due = awards[(awards["created_at"] > previous) & (awards["created_at"] <= slot)]
            with connection.transaction() as app:
                app.append("community.point_transactions", due)
                change_by_hand(app, population, first_day, previous, slot)
            stop_clock(simulator, slot)
            run_job_at(database, connection, settings, MEE6_SYNC, slot)
            if slot.time() == time() and slot > first_day:
                run_job_at(database, connection, settings, ranking, slot)
                later = slot + timedelta(minutes=5)
                run_job_at(database, connection, settings, DAILY_STREAKS, later)
            elif slot == slots[-1]:
                run_job_at(database, connection, settings, ranking, slot)
            previous = slot
            yield slot


def stop_clock(simulator: Simulator, moment: datetime) -> None:
    """Let the board stand as it was at a moment."""
    simulator.clock = lambda: moment


def run_job_at(
    database: Database, connection: Connection, settings: Settings, job: Job, moment: datetime
) -> None:
    """Run a job as if it were that moment.

    Raises:
        JobError: it refused.
    """
    options = Options(as_of=moment, now=moment, run_id=str(uuid.uuid4()), executed_by="demo")
    run = Run(database, connection, settings, job.name, job.tables, job.days, options)
    for step in job.steps:
        result = run.perform(step)
        if not result.success:
            raise JobError(f"{job.name} at {moment:%Y-%m-%dT%H:%MZ}: {result.message}")
