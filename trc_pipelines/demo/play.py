"""The past of the made-up apps, played through the real jobs with their clock moved, and their present.

Showing it is the command line's business.
"""

import logging
import multiprocessing
import signal
import threading
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from multiprocessing.connection import Connection as Pipe
from typing import Any, Protocol

import pandas as pd
from cronsim import CronSim

from trc_pipelines.database.connection import Connection, Database, DatabaseError
from trc_pipelines.jobs.contract import Job, JobError, Options
from trc_pipelines.jobs.execution import Run
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

logger = logging.getLogger(__name__)

LIVE_SECONDS = 20
# Of the past a look now and then is enough. The last half day is as dense as a real one.
SELDOM_HOURS = 3
HOUR, HALF_HOUR = timedelta(hours=1), timedelta(minutes=30)
DENSE = timedelta(hours=12)
# Nothing of this process: its threads and connections would not outlive a fork.
_NEW_PROCESS = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Tick:
    """A stretch of the past: its users play until then, and these jobs run, each as of its moment."""

    until: datetime
    runs: Sequence[tuple[Job, datetime]]


class App(Protocol):
    """The made-up app of one domain. Its users write its tables, and know nothing of the jobs.

    Attributes:
        what: what its users produce, for people.
        takes_turns: whether the jobs of a tick wait until its users have played, or run meanwhile.
    """

    what: str
    takes_turns: bool

    @property
    def open_apart(self) -> Callable[[], AbstractContextManager[Any]] | None:
        """What opens it again in a process of its own; None: it has to be played in this one."""

    def create_users(self, now: datetime) -> datetime:
        """Make its users where there are none, and return up to when they have played."""

    def plan(self, after: datetime, now: datetime) -> list[Tick]:
        """Plan the ticks in (after, now], in order: none when nothing was missed."""

    def play(self, after: datetime, until: datetime) -> None:
        """Do what its users do in (after, until]."""


@dataclass(frozen=True)
class Past:
    """What an app has missed.

    Attributes:
        after: up to when its users have played.
    """

    app: App
    after: datetime
    now: datetime

    @cached_property
    def ticks(self) -> list[Tick]:
        """The ticks in (after, now]."""
        return self.app.plan(self.after, self.now)


def refuse_strangers(count: int) -> None:
    """Refuse to play where users live that the demo did not make.

    Raises:
        JobError: there are some.
    """
    if count:
        raise JobError(
            f"this database has {counted(count, 'users')} the demo did not make; nothing was played. "
            "Unset DATABASE_URL to play in an embedded one, or name an empty database."
        )


def plan_ticks(jobs: Sequence[Job], after: datetime, now: datetime) -> list[Tick]:
    """Plan stretches in (after, now]. While users play, what was due at its beginning runs.

    What runs seldom has its moment. What runs every hour is left out of most hours of the past.
    """
    ends = [
        moment
        for moment in plan_moments(after, now, HOUR, HALF_HOUR)
        if moment > now - DENSE
        or moment.hour % SELDOM_HOURS == 0
        or any(is_due(job, moment) and not is_due(job, moment - HOUR) for job in jobs)
    ]
    return [
        Tick(end, [(job, begin) for job in jobs if is_due(job, begin)])
        for begin, end in zip([after, *ends], [*ends, now], strict=True)
    ]


def plan_moments(
    after: datetime, end: datetime, step: timedelta, dense: timedelta
) -> list[datetime]:
    """List moments in (after, end]: a step apart, and closer in the last half day."""
    start = pd.Timestamp(after + timedelta(microseconds=1))
    dense_from = max(start, pd.Timestamp(end - DENSE))
    past = pd.date_range(start.ceil(step), end - DENSE, freq=step)
    last = pd.date_range(dense_from.ceil(dense), end, freq=dense)
    return [moment.to_pydatetime() for moment in past.union(last)]


def is_due(job: Job, tick: datetime) -> bool:
    """Check whether the job is scheduled for that moment."""
    if job.cron is None:
        return False
    return next(CronSim(job.cron, tick - timedelta(seconds=1))) == tick


def play_pasts(
    database: Database, settings: Settings, pasts: Sequence[Past]
) -> Generator[datetime, None, None]:
    """Live through several pasts at once, and yield each tick of any once its jobs are committed.

    Raises:
        JobError: a job refused, or was without success.
    """
    # Between its runs a job would have given back one life after the other.
    settings = settings.model_copy(update={"quiz_life_catch_up": True})
    with ExitStack() as stack:
        others = [
            stack.enter_context(_play_apart(past, database, settings))
            for past in pasts
            if past.app.open_apart and past.ticks
        ]
        for past in pasts:
            ticks = [] if past.app.open_apart else past.ticks
            for tick in play_history(database, settings, past.app, past.after, ticks):
                yield tick
                for other in others:
                    yield from other.hear(wait=False)
        for other in others:
            yield from other.hear(wait=True)


@dataclass
class _Other:
    """Another process, in which a past is played."""

    process: multiprocessing.process.BaseProcess
    news: Pipe
    is_over: bool = False

    def hear(self, *, wait: bool) -> Iterator[datetime]:
        """Yield what it has played since, up to its end if that is waited for."""
        while not self.is_over and (wait or self.news.poll()):
            try:
                said = self.news.recv()
            except EOFError:
                self.is_over = True
                self.process.join()
                if self.process.exitcode:
                    raise JobError(
                        f"{self.process.name} ended by itself (exit code {self.process.exitcode})"
                    ) from None
                return
            if isinstance(said, Exception):
                raise said
            yield said


@contextmanager
def _play_apart(past: Past, database: Database, settings: Settings) -> Iterator[_Other]:
    """Play a past in a process of its own, which ends with the block."""
    news, theirs = _NEW_PROCESS.Pipe(duplex=False)
    process = _NEW_PROCESS.Process(
        target=_live_apart,
        args=(theirs, past.app.open_apart, past.after, past.now, database, settings),
        name=f"Playing {past.app.what}",
    )
    process.start()
    theirs.close()
    try:
        yield _Other(process, news)
    finally:
        process.terminate()
        process.join()
        news.close()


def _live_apart(
    news: Pipe,
    open_app: Callable[[], AbstractContextManager[App]],
    after: datetime,
    now: datetime,
    database: Database,
    settings: Settings,
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command that started us ends us
    try:
        with open_app() as app:
            for tick in play_history(database, settings, app, after, app.plan(after, now)):
                news.send(tick)
    except (JobError, DatabaseError) as error:
        news.send(error)


def play_history(
    database: Database, settings: Settings, app: App, after: datetime, ticks: Sequence[Tick]
) -> Iterator[datetime]:
    """Live through the ticks in order, and yield each once its jobs are committed.

    Raises:
        JobError: a job refused, or was without success.
    """
    # One connection for all: opening one for each of 600 syncs takes as long as the rest.
    with database.connect() as connection, ThreadPoolExecutor(1) as users:
        for tick in ticks:
            playing = users.submit(app.play, after, tick.until)
            if app.takes_turns:
                playing.result()
            for job, moment in tick.runs:
                run_job_at(database, connection, settings, job, moment)
            playing.result()
            after = tick.until
            yield after


def run_job_at(
    database: Database, connection: Connection, settings: Settings, job: Job, moment: datetime
) -> None:
    """Run a job as if it were that moment.

    Raises:
        JobError: it refused.
    """
    options = Options(as_of=moment, now=moment, run_id=str(uuid.uuid4()), executed_by="demo")
    run = Run(database, connection, settings, job.name, job.tables, job.days_at, options)
    for step in job.steps:
        result = run.perform(step)
        if not result.success:
            raise JobError(f"{job.name} at {moment:%Y-%m-%dT%H:%MZ}: {result.message}")


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
