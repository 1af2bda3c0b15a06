"""A house in a database: apps whose users act, jobs, an operator, a follower, days that pass.

What happens is planned from the seed and the day alone, in batches: what is in one runs at the same
time, statement by statement as the seed says, with faults. After some days there is a calm hour:
whatever is due runs once more, alone and without faults. Then everything must be what the auditors say.
"""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Protocol

import psycopg2
from cronsim import CronSim

from trc_pipelines.database.connection import DatabaseError
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Job, JobError, Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.simulation.alerts import OVER_AFTER, TRIED_AGAIN_AFTER, Watcher
from trc_pipelines_tests.simulation.boards import Reader, commands_take_turns
from trc_pipelines_tests.simulation.sessions import (
    CRASH,
    AppSession,
    KeptDatabase,
    KilledError,
    Scheduler,
    Task,
    jobs_take_turns,
    this_task,
)

# A Thursday, so that a week ends on the fourth day, and a month soon after the second week.
FIRST_DAY = date(2025, 1, 16)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CALM_AT = 50 * MINUTE
FAULT_RATE = 0.004
MOST_AT_ONCE = 3
# A job that is due is missed, or runs twice at once, so often.
MISSED, DOUBLED = 0.12, 0.08
# A run may be a dry one, have a limit, or come a tick too late.
DRY, LIMITED, LATE = 0.06, 0.2, 0.06
# The clock of the host that runs a job is wrong by so much: what a run does goes by its tick.
CLOCK_WRONG = 0.05
WRONG_BY = [-HOUR, -MINUTE, 10 * MINUTE, HOUR, DAY]
# Auditors know what these leave undone.
MAY_BE_LIMITED = {"game_settlement", "bankroll_reset", "content_expiration"}
CALM = 0.4
# Days on which the server crashes at some statement, and on which the database is restored in another cluster.
CRASHED, RESTORED = 0.15, 0.15
LAST_TURN = 100
# What users do is so many times as frequent with one seed as with another: what needs two rare things
# at once needs a seed in which they are not rare.
FREQUENCIES = [1, 1, 4]
OTHER_COUNT = 10**9
# Jobs of the house that say nothing about a domain, or need what is not here.
LEFT_OUT = {
    "engagement_report",
    "weekly_post",
    "housekeeping",
    "media_cleanup",
}


BOARDS_JOB = "leaderboard_cache"


def on_opening(_house: "House") -> None:
    """Called before the doors open: in its place a fault is planted."""


# Of a house where users bet on teams that do not play, apps say what a bet wins, and periods are closed years
# after players left, by the clock of the server.
TOLD_ANYWAY = {"no_bet_is_stuck", "paid_wins_match_the_odds", "archived_scores_match_the_events"}


class FindingError(AssertionError):
    """Something is not as the rules say."""


def require_same(what: str, found: dict, expected: dict) -> None:
    """Compare by key, and name what differs.

    Raises:
        FindingError: something does.
    """
    if found == expected:
        return
    keys = [key for key in {**expected, **found} if found.get(key) != expected.get(key)]
    shown = [f"{key}: found {found.get(key)}, expected {expected.get(key)}" for key in keys[:5]]
    raise FindingError(f"{what}: {len(keys)} differ; " + "; ".join(shown))


def require(is_so: bool, what: str) -> None:
    """Raise a finding unless it is so."""
    if not is_so:
        raise FindingError(what)


@dataclass(frozen=True)
class Spec:
    """Something that happens in a batch.

    Attributes:
        number: day, batch and place, by which a shrinker names it.
        kind: job, dry run, sensor, app, operator, follower, reader or watcher.
        name: of the job, the sensor or the domain.
        seed: what it does, where that is not said by its name.
        limit: of the job.
    """

    number: str
    kind: str
    name: str
    seed: int = 0
    as_of: datetime | None = None
    limit: int | None = None


@dataclass(frozen=True)
class Batch:
    """What happens at the same time."""

    number: str
    at: datetime
    specs: Sequence[Spec]


class Domain(Protocol):
    """The app of a domain, its users, its operator, and who audits what the jobs make of it."""

    name: str

    def open_doors(self, session: AppSession, at: datetime) -> None:
        """Make users."""

    def act(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        """Have somebody do something, in a transaction."""

    def operate(self, dice: random.Random, at: datetime, *, is_calm: bool) -> None:
        """Decide what waits for a person; in the calm hour, all of it."""

    def audit(self) -> None:
        """What must hold whenever nothing is open."""

    def audit_calm(self, at: datetime) -> None:
        """What must hold once everything that is due is done."""


class House:
    """Everything of one seed.

    Attributes:
        runs: tasks of jobs by run id, for auditors: when they began and what they committed.
        is_alone: whether the server is its own, and may crash.
        restored: the last event of each database that was restored, the oldest first.
        began: the turn at which the first batch of a moment began.
    """

    def __init__(
        self,
        url: str,
        home: Path,
        seed: int,
        domains: Sequence[str],
        *,
        fault_rate: float = FAULT_RATE,
        only: Collection[str] | None = None,
        is_alone: bool = False,
        redis_url: str | None = None,
    ) -> None:
        self.seed, self.fault_rate, self.only, self.is_alone = seed, fault_rate, only, is_alone
        self.restored: list[int] = []
        self.began: dict[datetime, int] = {}
        self.settings = load_settings(
            trc_home=home,
            database_url=url,
            domains=",".join(domains),
            community_start_on=FIRST_DAY,
            mee6_guild_id=77,
            lock_timeout_seconds=120,
            redis_url=redis_url,
            **choose_settings(random.Random(f"{seed}/settings")),
        )
        self.database = KeptDatabase(url, 120, 120)
        self.scheduler = Scheduler(url)
        self.ask = self.scheduler.ask
        self.catalogue = read_catalogue(self.settings)
        self.jobs = {
            job.name: job for job in self.catalogue.jobs
            if job.name not in LEFT_OUT and job.is_enabled(self.settings)
        }  # fmt: skip
        self.runs: dict[str, Task] = {}
        self.counts: Counter[str] = Counter()
        self.executed: list[str] = []
        self.now = midnight(FIRST_DAY)
        self._sessions: dict[str, AppSession] = {}
        self._exit = ExitStack()
        self._exit.enter_context(jobs_take_turns(self.scheduler))
        self._exit.enter_context(commands_take_turns(self.scheduler))
        self.domains = [self._make_domain(name) for name in domains]
        self.follower = Follower(self)
        self.reader = Reader(self) if redis_url else None
        self.watcher = Watcher(self)
        self._exit.callback(self.scheduler.close)
        self._exit.callback(self.database.close)

    def __enter__(self) -> "House":
        on_opening(self)
        opening = [
            self._task("app", f"{domain.name} opens", lambda d=domain: d.open_doors(
                self.session(d.name), self.now))
            for domain in self.domains
        ]  # fmt: skip
        self.run(opening, "doors", 0.0)
        return self

    def __exit__(self, *_: object) -> None:
        self._end_sessions()
        self._exit.close()

    def _end_sessions(self) -> None:
        self.database.close()
        while self._sessions:
            self._sessions.popitem()[1].close()

    def session(self, name: str) -> AppSession:
        """The connection of an app, by its name."""
        if name not in self._sessions:
            self._sessions[name] = AppSession(self.scheduler)
        return self._sessions[name]

    def draw(
        self, acts: dict[Callable[..., None], float], dice: random.Random
    ) -> Callable[..., None]:
        """What a user does, of acts by their weights, each more or less frequent with this seed."""
        weights = [
            weight * random.Random(f"{self.seed}/{act.__name__}").choice(FREQUENCIES)
            for act, weight in acts.items()
        ]
        return dice.choices(list(acts), weights)[0]

    def live(self, days: int) -> Iterator[date]:
        """Live through days, and yield each once it is audited.

        Raises:
            FindingError: something is not as the rules say.
        """
        for number in range(days):
            day = FIRST_DAY + number * DAY
            batches = self.plan(number)
            dice = random.Random(f"{self.seed}/{number}/accidents")
            crashed = dice.choice(batches) if dice.random() < CRASHED else None
            turn = dice.randint(1, LAST_TURN)
            restored = dice.choice(batches) if dice.random() < RESTORED else None
            for batch in batches:
                self.now = batch.at
                if batch is restored:
                    self.restore(dice.choice([0, OTHER_COUNT]))
                is_struck = self.is_alone and batch is crashed
                self._live_through(batch, turn if is_struck else None)
            if self.is_calm_after(number) or number == days - 1:
                self.calm_down(number, midnight(day + DAY) + CALM_AT)
            yield day

    def digest(self) -> str:
        """What the seed made of everything: every turn, and every event that was told."""
        digest = self.scheduler.digest.copy()
        for row in self.ask(
            "SELECT event_type, dedupe_key, payload::text, occurred_at::text "
            "FROM operations.domain_events ORDER BY dedupe_key"
        ):
            digest.update(repr(row).encode())
        return digest.hexdigest()[:16]

    # The plan

    def is_calm_after(self, number: int) -> bool:
        """Whether everything comes to rest after this day."""
        return random.Random(f"{self.seed}/{number}/calm").random() < CALM

    def plan(self, number: int) -> list[Batch]:
        """Plan a day: at some quarters of an hour what is due, between them what users do."""
        dice = random.Random(f"{self.seed}/{number}")
        begin = midnight(FIRST_DAY + number * DAY)
        quarters = sorted(dice.sample(range(4, 96), dice.randint(1, 3)))
        moments = [begin + 15 * MINUTE * quarter for quarter in quarters]
        # The last reading of a day, and midnight, are rarely missed.
        moments += [begin + DAY - 15 * MINUTE] if dice.random() < 0.7 else []
        moments += [begin + DAY]
        is_fresh = number > 0 and self.is_calm_after(number - 1)
        before, batches = begin + (CALM_AT if is_fresh else 0 * DAY), []
        for moment in moments:
            due = self._due(dice, before, moment)
            while due or moment > before:
                chosen, due = due[:MOST_AT_ONCE], due[MOST_AT_ONCE:]
                name = f"{number}.{len(batches)}"
                what = [("dry run" if dice.random() < DRY else "job", *run) for run in chosen]
                what += [("app", domain.name, None) for domain in self.domains
                         for _ in range(dice.choice([0, 1, 1] if chosen else [1, 2]))]  # fmt: skip
                if dice.random() < 0.15:
                    what.append(("operator", dice.choice(self.domains).name, None))
                if dice.random() < 0.5:
                    what.append(("follower", "follower", None))
                if dice.random() < 0.3:
                    what.append(("watcher", "watcher", None))
                if self.reader and self.reader.names and dice.random() < 0.5:
                    what.append(("reader", "reader", None))
                if dice.random() < 0.1:
                    what.append(("sensor", dice.choice(self.catalogue.triggers).name, None))
                specs = [
                    Spec(
                        f"{name}.{place}",
                        kind,
                        who,
                        dice.getrandbits(32),
                        tick,
                        dice.randint(1, 3)
                        if who in MAY_BE_LIMITED and dice.random() < LIMITED
                        else None,
                    )
                    for place, (kind, who, tick) in enumerate(what)
                ]
                batches.append(Batch(name, moment, specs))
                before = moment
        return batches

    def _due(
        self, dice: random.Random, before: datetime, moment: datetime
    ) -> list[tuple[str, datetime]]:
        due = []
        for name, job in self.jobs.items():
            tick = last_tick(job, before, moment)
            # What is asked for by a sensor.
            if tick is None or dice.random() < MISSED:
                continue
            if dice.random() < LATE:
                tick = last_tick(job, tick - 31 * DAY, tick - timedelta(seconds=1)) or tick
            due += [(name, tick)] * (2 if dice.random() < DOUBLED else 1)
        dice.shuffle(due)
        return due

    # What happens

    def _live_through(self, batch: Batch, crash_after: int | None) -> None:
        specs = [spec for spec in batch.specs if self.only is None or spec.number in self.only]
        self.executed += [spec.number for spec in specs]
        tasks = [self._task_of(spec, batch.at) for spec in specs]
        self.began.setdefault(batch.at, self.scheduler.clock)
        self.run(tasks, f"{self.seed}/{batch.number}/turns", self.fault_rate, crash_after)
        self._audit(f"after batch {batch.number}", Domain.audit.__name__)

    def restore(self, other_count: int) -> None:
        """Go on in another cluster: its count of transactions is below that of which the events are, or above."""
        self._end_sessions()
        self.restored.append(
            self.ask("SELECT coalesce(max(event_id), 0) FROM operations.domain_events")[0][0]
        )
        for table in ("domain_events", "event_followers"):
            triggers = [name for (name,) in self.ask(
                "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = %s::regclass",
                f"operations.{table}")]  # fmt: skip
            for name in triggers:
                self.ask(f"ALTER TABLE operations.{table} DISABLE TRIGGER {name}")
            self.ask(
                f"UPDATE operations.{table} SET transaction_id = (transaction_id::text::bigint + %s)::text::xid8",
                other_count,
            )
            for name in triggers:
                self.ask(f"ALTER TABLE operations.{table} ENABLE ALWAYS TRIGGER {name}")
        self.ask("REFRESH MATERIALIZED VIEW operations.current_epoch")
        self.counts["restored"] += 1

    def calm_down(self, number: int, at: datetime) -> None:
        """Do what is due, alone and without faults; then nothing may be missing.

        Raises:
            FindingError: something is not as the rules say.
        """
        self.now = at
        for domain in self.domains:
            operator = self._task(
                "operator", f"{domain.name} operator",
                lambda d=domain: d.operate(random.Random(number), at, is_calm=True),
            )  # fmt: skip
            self.run([operator], "calm", 0.0)
        for name in self._calm_order():
            job = self.jobs[name]
            tick = at if job.cron is None else last_tick(job, at - 31 * DAY, at)
            if name == "mee6_sync":
                tick = at - 5 * MINUTE
            self.run_alone(f"calm {number}", job, tick)
        self._follow_triggers(number, at)
        self.run([self._task("follower", "follower", lambda: self.follower.take(None))], "calm", 0)
        if BOARDS_JOB in self.jobs:
            self.run_alone(f"calm {number}", self.jobs[BOARDS_JOB], at)
        self.run([self._task("watcher", "watcher", lambda: self._watch_to_the_end(at))], "calm")
        self._audit(f"in the calm of day {number}", Domain.audit.__name__)
        self._audit(f"in the calm of day {number}", Domain.audit_calm.__name__, at)
        self.verify(f"in the calm of day {number}")

    def verify(self, when: str, *, besides: Collection[str] = ()) -> None:
        """What the product itself says of its tables is what the auditors say: nothing is wrong.

        Raises:
            FindingError: a check fails, of those that are not told anyway or named `besides`.
        """
        with self.database.transaction(commit=False) as transaction:
            broken = {
                check.name: found.to_dict("records")[:2]
                for check in self.catalogue.checks
                if check.name not in TOLD_ANYWAY.union(besides)
                and not (found := check.find_violations(transaction)).empty
            }
        require(not broken, f"seed {self.seed}, {when}: checks fail, {broken}")

    def _follow_triggers(self, number: int, at: datetime) -> None:
        """Run what sensors ask for, until they ask for nothing."""
        for _ in range(8):
            is_asked = False
            for trigger in self.catalogue.triggers:
                with self.database.transaction(commit=False) as transaction:
                    due = trigger.find_due(transaction, self.settings, at)
                if not isinstance(due, str):
                    self.run_alone(f"calm {number}", trigger.job, at, due)
                    is_asked = True
            if not is_asked:
                return
        raise FindingError(f"day {number}: sensors do not stop asking")

    def _watch_to_the_end(self, at: datetime) -> None:
        """Look until what is over is known to be, and send whatever waits."""
        self.watcher.look(at, None)
        self.watcher.look(at + OVER_AFTER, None)
        self.watcher.deliver(at + TRIED_AGAIN_AFTER)

    def _calm_order(self) -> list[str]:
        first = ["mee6_sync", "game_settlement", "bankroll_reset", "stats_rollup"]
        names = [
            name for name, job in self.jobs.items()
            if job.cron and name not in ("badge_calculation", BOARDS_JOB)
        ]  # fmt: skip
        last = [name for name in ("badge_calculation",) if name in self.jobs]
        return [n for n in first if n in names] + [n for n in names if n not in first] + last

    def run_alone(
        self, what: str, job: Job, tick: datetime, days: tuple[date, date] | None = None
    ) -> None:
        """Run a job without faults, and nothing else.

        Raises:
            FindingError: it does not end well.
        """
        task = self.job_task(what, job, tick, self.now, days)
        self.run([task], "calm", 0.0)
        require(task.error is None, f"{what}: {job.name} of {tick} failed alone: {task.error!r}")

    def run(
        self,
        tasks: Sequence[Task],
        seed: str,
        fault_rate: float = 0.0,
        crash_after: int | None = None,
    ) -> None:
        """Run tasks at the same time, and have the server crash after so many turns.

        Raises:
            FindingError: one fails for no reason.
        """
        self.scheduler.run(tasks, seed, fault_rate, crash_after)
        is_crashed = any(CRASH in task.faults for task in tasks)
        if is_crashed:
            self._end_sessions()
        is_cut = any("all cut" in fault for task in tasks for fault in task.faults)
        if is_cut:
            self.database.close()
        for task in tasks:
            error = task.error
            if isinstance(error, FindingError):
                raise error
            is_excused = (
                error is None
                or isinstance(error, KilledError | JobError | psycopg2.extensions.TransactionRollbackError)
                or (isinstance(error, DatabaseError) and (task.faults or is_cut))
                or (isinstance(error, psycopg2.Error) and is_crashed)
            )  # fmt: skip
            if not is_excused:
                raise FindingError(f"{task.name} failed without a fault: {error!r}") from error
            self.counts["failed" if error else "succeeded"] += 1

    def _audit(self, when: str, what: str, *args: object) -> None:
        others = [self.follower, self.watcher, *([self.reader] if self.reader else [])]
        for auditor in [*self.domains, *others]:
            try:
                getattr(auditor, what)(*args)
            except FindingError as finding:
                raise FindingError(f"seed {self.seed}, {when}: {finding}") from None

    def _task_of(self, spec: Spec, at: datetime) -> Task:
        dice = random.Random(spec.seed)
        if spec.kind in ("job", "dry run"):
            job = self.jobs[spec.name]
            is_dry = spec.kind == "dry run"
            wrong_by = dice.choice(WRONG_BY) if dice.random() < CLOCK_WRONG else 0 * HOUR
            return self.job_task(
                spec.number, job, spec.as_of, at + wrong_by, limit=spec.limit, is_dry=is_dry
            )
        if spec.kind == "sensor":
            return self._task(
                "operator", f"{spec.name} {spec.number}", lambda: self._look(spec, at)
            )
        if spec.kind == "watcher":
            return self._task("watcher", "watcher", lambda: self.watcher.look(at, dice))
        if spec.kind == "reader":
            return self._task("reader", "reader", lambda: self.reader.read(dice))
        if spec.kind == "follower":
            return self._task("follower", "follower", lambda: self.follower.take(dice))
        domain = next(domain for domain in self.domains if domain.name == spec.name)
        if spec.kind == "operator":
            return self._task(
                "operator", f"{spec.name} operator {spec.number}",
                lambda: domain.operate(dice, at, is_calm=False),
            )  # fmt: skip

        def act() -> None:
            session = self.session(f"{spec.name} {spec.number.rpartition('.')[2]}")
            for _ in range(dice.randint(4, 16)):
                # Around the tick, and at it.
                domain.act(
                    session, dice, at + dice.choice([-2, -1, 0, 0, 1]) * timedelta(seconds=1)
                )

        return self._task("app", f"{spec.name} app {spec.number}", act)

    def _task(self, kind: str, name: str, run: Callable[[], object]) -> Task:
        return Task(name, run, may_fail=kind in ("operator", "watcher"))

    def job_task(
        self,
        number: str,
        job: Job,
        tick: datetime,
        now: datetime,
        days: tuple[date, date] | None = None,
        *,
        limit: int | None = None,
        is_dry: bool = False,
    ) -> Task:
        """Make a run of a job of some tick, on a host whose clock says `now`."""
        run_id = f"{job.name} {number} {len(self.runs)}"

        def run() -> object:
            options = Options(tick, now, run_id, "simulation", limit, False, days, days is not None)
            return perform(self.database, self.settings, job, options, dry_run=is_dry)

        task = Task(run_id, run, may_fail=True)
        self.runs[run_id] = task
        return task

    def _look(self, spec: Spec, at: datetime) -> None:
        """A sensor looks, and what it asks for runs at once."""
        [trigger] = [one for one in self.catalogue.triggers if one.name == spec.name]
        with self.database.transaction(commit=False) as transaction:
            due = trigger.find_due(transaction, self.settings, at)
        if not isinstance(due, str):
            task = self.job_task(spec.number, trigger.job, at, at, due)
            looking = this_task()
            task.began, task.commits = looking.began, looking.commits
            try:
                task.run()
            finally:
                task.ended = self.scheduler.clock

    def _make_domain(self, name: str) -> Domain:
        from importlib import import_module

        made: Domain = import_module(f"trc_pipelines_tests.simulation.{name}").make(self)
        return made


class Follower:
    """An app that follows events, dies, and comes back: all of them, once, in the order of commits."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.taken: list[tuple[int, str]] = []

    def take(self, dice: random.Random | None) -> None:
        """Take what is there; sometimes it dies before it commits, and has taken nothing."""
        session = self.house.session("follower")
        for _ in range(dice.randint(3, 9) if dice else 1):
            with session.transaction():
                rows = session.do(
                    "SELECT event_id, event_type || ' ' || dedupe_key FROM operations.take_domain_events('app', %s)",
                    dice.randint(1, 20) if dice else 1_000_000,
                )
                if dice and dice.random() < 0.1:
                    raise KilledError("follower")
            self.taken += rows

    def audit(self) -> None:
        """Nothing comes twice."""
        require(
            len({event for event, _ in self.taken}) == len(self.taken), "an event was taken twice"
        )

    def audit_calm(self, _at: datetime) -> None:
        """Nothing is lost, and the order is that of commits."""
        rows = self.house.ask(
            "SELECT event_id, event_type || ' ' || dedupe_key FROM operations.domain_events "
            "ORDER BY transaction_id, event_id"
        )
        # What a restored database came with is first.
        told = sorted(rows, key=lambda event: bisect_left(self.house.restored, event[0]))
        require_same("events taken", dict(self.taken), dict(told))
        require(self.taken == told, "events were taken in another order than that of commits")


def choose_settings(dice: random.Random) -> dict[str, Any]:
    """What an installation may have chosen, where it changes the rules."""
    return {
        "quiz_life_catch_up": dice.random() < 0.4,
        "live_bets": dice.random() < 0.3,
        "sunday_timezone": dice.choice(["UTC", "America/New_York"]),
    }


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def last_tick(job: Job, after: datetime, until: datetime) -> datetime | None:
    """The job's last tick in (after, until]."""
    if job.cron is None:
        return None
    # From near by first: there are three thousand quarters of an hour in a month.
    for reach in (HOUR, DAY, until - after):
        begin, found = max(after, until - reach), None
        for moment in CronSim(job.cron, begin):
            if moment > until:
                break
            found = moment
        if found or begin == after:
            return found
    return None
