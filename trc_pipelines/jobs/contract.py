"""The job contract: what a job declares, what a step is given, and what it gives back.

Dagster is not known here. Schedules, the UI, `trc run` and the tests all run what is declared so
through `jobs/execution.py`.
"""

import inspect
import re
import uuid
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from trc_pipelines.database.connection import Database, DatabaseError, Transaction
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

Unit = TypeVar("Unit", bound=Hashable)
Done = TypeVar("Done")


class JobError(Exception):
    """A job cannot do what was asked. The message says why and what is possible."""


class UsageError(JobError):
    """What was asked for is not possible: no fault of the job, and no failure of it."""


class UnitRefusedError(Exception):
    """The database refused a unit of a dry run, and with it the transaction of all the others.

    The dry run begins again without the unit: what remains is what the others would do in a run.
    """

    def __init__(self, unit: Hashable, reason: str) -> None:
        super().__init__(reason)
        self.unit = unit
        self.reason = reason


def parse_moment(text: str) -> datetime:
    """Read a time with a zone, and give it in UTC and full seconds. A day means its first moment in UTC.

    Raises:
        ValueError: the text is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return moment.replace(tzinfo=UTC)
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"{text!r} is no time; as_of accepts 2026-01-31T10:15:00Z, or a day, 2026-01-31: "
            "its first moment"
        )
    return moment.astimezone(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Options:
    """What a run is asked to do.

    Attributes:
        as_of: logical time in UTC; every rule goes by it, none by the clock.
        now: the clock when the run began; only for what is outside, such as an API.
        limit: most units to change, oldest first; None for all.
        days: first and last day to compute, for steps that work by the day; None: what `as_of` says.
        are_days_due: whether these days are what a clock or a trigger found due, and not what a person
            named, who has them computed again from everything.
    """

    as_of: datetime
    now: datetime
    run_id: str
    executed_by: str
    limit: int | None = None
    verbose: bool = False
    days: tuple[date, date] | None = None
    are_days_due: bool = False

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise UsageError("as_of needs a time zone, as in 2026-01-31T10:15:00Z")
        # A minute of grace, because the clocks of two machines never agree.
        if self.as_of > self.now + timedelta(minutes=1):
            raise UsageError(
                f"as_of is {self.as_of:%Y-%m-%dT%H:%M:%SZ}, which is still to come; "
                "it accepts times up to now"
            )
        object.__setattr__(self, "as_of", self.as_of.astimezone(UTC))
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit is {self.limit}; it accepts whole numbers from 1")

    @classmethod
    def of_now(
        cls,
        executed_by: str,
        *,
        as_of: datetime | str | None = None,
        run_id: str | None = None,
        limit: int | None = None,
        verbose: bool = False,
        days: tuple[date, date] | None = None,
        are_days_due: bool = False,
    ) -> "Options":
        """Make the options of a run that begins now.

        Args:
            as_of: as a person writes it, or a time; None: now.
            run_id: None for a run that Dagster does not know.

        Raises:
            UsageError: a value is not accepted.
        """
        now = datetime.now(UTC)
        try:
            moment = parse_moment(as_of) if isinstance(as_of, str) else as_of
        except ValueError as error:
            raise UsageError(str(error)) from error
        return cls(
            moment or now.replace(microsecond=0),
            now,
            run_id or str(uuid.uuid4()),
            executed_by,
            limit,
            verbose,
            days,
            are_days_due,
        )


@dataclass
class Budget:
    """How many units a step may still change, in the unit it declares. None means no limit."""

    left: int | None

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may be changed."""
        return self.left == 0

    def take(self, units: int) -> None:
        """Count units that were changed.

        Raises:
            ValueError: they are more than were left.
        """
        if self.left is None:
            return
        if units > self.left:
            raise ValueError(f"{units} were changed, and {self.left} were left of the limit")
        self.left -= units

    def at_most(self, units: int) -> int:
        """Return so many units, or as many as are left."""
        return units if self.left is None else min(units, self.left)


@dataclass(frozen=True)
class Work:
    """What a step gets: an open transaction, the settings, the options, the days to compute.

    `database` is for the rare fact that must outlive this transaction, `is_dry_run` for what no
    transaction rolls back: a cache, a file, another database. `prepared` is what the step's own
    `prepare` brought, `refused_units` what the database refused in an earlier try of a dry run. `tell`
    says to who waits how far a long step is.
    """

    transaction: Transaction
    database: Database
    settings: Settings
    options: Options
    days: tuple[date, date]
    is_dry_run: bool
    budget: Budget = field(default_factory=lambda: Budget(None))
    prepared: Any = None
    refused_units: Mapping[Hashable, str] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda _said: None

    @property
    def as_of(self) -> datetime:
        """Logical time of the run."""
        return self.options.as_of

    @property
    def are_days_named(self) -> bool:
        """Whether a person named the days: they are computed again from everything, for everybody."""
        return self.options.days is not None and not self.options.are_days_due

    def change_each(
        self,
        units: Iterable[Unit],
        change: Callable[["Work", Unit], Done],
        split: Callable[[Unit], Iterable[Unit]] = lambda _unit: (),
    ) -> tuple[dict[Unit, Done], dict[Unit, str]]:
        """Change units that do not depend on each other, each in a transaction of its own.

        One that the database refuses keeps nobody waiting: the others are changed all the same. What
        is done stays done when the run is stopped, so a unit knows by itself whether it is done.
        A dry run makes the changes one after the other in the transaction that is rolled back. See
        `UnitRefusedError` for what it does about a refusal.

        Args:
            change: gets this work with the unit's own transaction in it.
            split: the smaller units that one that was refused is tried again as, in its place.

        Returns:
            What was done, and why the rest was not.
        """
        done: dict[Unit, Done] = {}
        refused: dict[Unit, str] = {}
        waiting = deque(units)
        if not waiting:
            return done, refused
        with self._open_units() as begin:
            while waiting:
                unit = waiting.popleft()
                reason = self.refused_units.get(unit)
                if reason is None:
                    try:
                        with begin() as transaction:
                            result = change(replace(self, transaction=transaction), unit)
                    except DatabaseError as error:
                        if error.is_transient:
                            raise  # the step is tried again from its beginning
                        if self.is_dry_run:
                            raise UnitRefusedError(unit, str(error)) from error
                        reason = str(error)
                    else:
                        done[unit] = result
                        continue
                parts = list(split(unit))
                if parts:
                    waiting.extendleft(reversed(parts))
                else:
                    refused[unit] = reason
        return done, refused

    @contextmanager
    def _open_units(self) -> Iterator[Callable[[], AbstractContextManager[Transaction]]]:
        if self.is_dry_run:
            yield lambda: nullcontext(self.transaction)
        else:
            with self.database.connect() as connection:
                yield connection.transaction


@dataclass(frozen=True)
class Result:
    """What a step did.

    Attributes:
        affected: units changed.
        details: figures by name. People read each as its number and its name, so that a name says
            what is counted: `bets_settled`.
        notes: what figures cannot say, such as what was left undone and why, a line each.
        rows_written: rows of the step's table that were written, changed or removed.
        success: whether everything that was due is done.
        skipped: the step had to leave its work undone, through no fault of its own. That is neither
            success nor failure of the job, and does not reset how late it is.
        verdicts: of the checks that the step makes itself: passed or not, and figures.
        by_day: figures of each day, from a step that works by the day: of every day that was asked
            for. `rows` counts the rows that the table has of it, `rows_written` those written now.
    """

    affected: int
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    rows_written: int | None = None
    success: bool = True
    skipped: bool = False
    verdicts: dict[str, tuple[bool, dict[str, Any]]] = field(default_factory=dict)
    by_day: Mapping[date, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.message:
            object.__setattr__(self, "message", describe(self.details, self.notes))


def describe(details: Mapping[str, Any], notes: Sequence[str] = ()) -> str:
    """Say figures in words, each as its number and its name, without those that are 0."""
    figures = ", ".join(
        counted(value, name.replace("_", " "))
        for name, value in details.items()
        if isinstance(value, int) and value
    )
    return "; ".join(filter(None, [figures, *notes])) or "nothing to do"


Prepare = Callable[[Transaction, Settings, Options], Any]


@dataclass(frozen=True)
class ShownColumn:
    """A column as people see it in the UI."""

    name: str
    type: str
    meaning: str
    is_nullable: bool
    is_unique: bool


@dataclass(frozen=True)
class Relation:
    """A table, view or store that steps read, or write beside their own table.

    Attributes:
        table: as `schema.table`.
        description: what people read in the UI, the grain first.
        deps: the steps that write it; none when the app does.
        is_table: whether it is in the database.
    """

    table: str
    description: str
    deps: Sequence["Step | Relation"] = ()
    is_table: bool = True

    @property
    def shown_columns(self) -> Sequence[ShownColumn]:
        """Its columns, where they are declared rather than made by a migration."""
        return ()


@dataclass(frozen=True)
class Step:
    """One table and how it is written: read, apply the rule, write, report.

    Attributes:
        table: as `schema.table`.
        run: does it; its docstring, the grain first, is what people read in the UI.
        deps: what it reads.
        max_age: older than this the table's badge in the UI turns red.
        unit: what a limit counts; None: the step does everything or nothing, and refuses a limit.
        writes: what it changes of the app, through ports or in a store.
        is_level: whether its first figure says how much there is, and not how much was done: of a day
            its chart shows the last.
        taken_over: columns whose values come straight from another table, with which column that is.
        is_daily: whether it is computed by the UTC day.
        needs_day_before: whether each day builds on its own previous day.
        has_independent_days: whether runs of different days may write the table at once, with the
            same result as one after the other. A run locks the days it was given.
        verdicts: checks the step makes itself, by name; one that fails stops what is downstream.
        kinds: badges in the UI.
        prepare: what takes its time outside, such as an API: it is called before the step's
            transaction, by one run at a time, and its statements commit each by itself. What it
            found is not looked for again when the step is tried again, and may be old: the step
            checks what counts.
        others_go_on: the steps after it do not need its success: they work on what is known
            without it. The run fails all the same. Nothing may depend on the step itself, or it
            would be skipped.
    """

    table: str
    run: Callable[[Work], Result]
    deps: Sequence["Step | Relation"] = ()
    max_age: timedelta = timedelta(days=1)
    unit: str | None = None
    is_daily: bool = False
    writes: Sequence["Relation"] = ()
    is_level: bool = False
    taken_over: Mapping[str, tuple["Step | Relation", str]] = field(default_factory=dict)
    needs_day_before: bool = False
    has_independent_days: bool = False
    verdicts: Mapping[str, str] = field(default_factory=dict)
    kinds: Sequence[str] = ("python", "postgres")
    prepare: Prepare | None = None
    others_go_on: bool = False

    @property
    def domain(self) -> str:
        """Whose table it is."""
        return self.table.split(".")[0]

    @property
    def description(self) -> str:
        """What the table holds."""
        return inspect.cleandoc(self.run.__doc__ or "")


def step(
    domain: str,
    *,
    deps: Sequence[Step | Relation] = (),
    max_age_minutes: int,
    is_daily: bool = False,
    unit: str | None = None,
    **declared: Any,
) -> Callable[[Callable[[Work], Result]], Step]:
    """Declare the decorated function as the step that writes the table of its name.

    Args:
        unit: a daily step counts days unless it says otherwise.
        declared: see `Step`.
    """

    def declare(run: Callable[[Work], Result]) -> Step:
        return Step(
            f"{domain}.{run.__name__}",
            run,
            deps,
            timedelta(minutes=max_age_minutes),
            unit or ("day" if is_daily else None),
            is_daily,
            **declared,
        )

    return declare


Days = Callable[[Transaction, Settings, datetime], tuple[date, date]]


def day_of(_transaction: Transaction, _settings: Settings, as_of: datetime) -> tuple[date, date]:
    """Return the day of the tick alone, for jobs that do not work by the day."""
    return as_of.date(), as_of.date()


@dataclass(frozen=True)
class Job:
    """A named list of steps with its schedule.

    Attributes:
        cron: when it runs, UTC; None: only when it is asked for.
        stale_after: longest time without a success before somebody should look; None: it is not
            expected at any time.
        days: first and last day that a run at some `as_of` computes, missed ones included.
        question: what a person who starts it by hand has to agree to.
        is_enabled: whether the settings want it; a job that is switched off is not missed.
        after: it also runs whenever one of these steps has written its table.
    """

    name: str
    description: str
    cron: str | None
    stale_after: timedelta | None
    steps: Sequence[Step]
    days: Days = day_of
    question: str | None = None
    is_enabled: Callable[[Settings], bool] = lambda _settings: True
    after: Sequence[Step] = ()

    def days_at(
        self, transaction: Transaction, settings: Settings, as_of: datetime
    ) -> tuple[date, date]:
        """Days that a run at `as_of` computes, none before the first that has a partition."""
        first, last = self.days(transaction, settings, as_of)
        start = settings.community_start_on
        return max(first, start), max(last, start)

    @property
    def tables(self) -> list[str]:
        """What its steps write, as `schema.table`."""
        return [step.table for step in self.steps]

    @property
    def is_daily(self) -> bool:
        """Whether any of its steps works by the day."""
        return any(step.is_daily for step in self.steps)

    @property
    def units(self) -> list[str]:
        """What a limit counts in its steps: nothing when one of them takes no limit."""
        units = [step.unit for step in self.steps if step.unit]
        return list(dict.fromkeys(units)) if len(units) == len(self.steps) else []


def refuse_limit(name: str, limit: int | None, units: Sequence[str]) -> None:
    """Refuse a limit where nothing is counted, rather than ignore it.

    Raises:
        UsageError: there is a limit, and nothing it could count.
    """
    if limit is not None and not units:
        raise UsageError(
            f"{name} takes no limit: it does everything in one piece, or nothing. Leave the limit "
            "out; to see what it would do, make a dry run."
        )


@dataclass(frozen=True)
class Trigger:
    """Asks for a run of a job when something is due that the job's schedule does not know of.

    Attributes:
        every: how often it looks.
        find_due: first and last day to compute, or in words why nothing is due.
        patience: one run at most in so long; None: whenever something is due.
    """

    name: str
    description: str
    job: Job
    every: timedelta
    find_due: Callable[[Transaction, Settings, datetime], tuple[date, date] | str]
    patience: timedelta | None = None


@dataclass(frozen=True)
class Action:
    """What a person does by hand in the UI, beside the command of the same meaning.

    Attributes:
        arguments: what is filled in, with a line of why for each: text, numbers, yes or no, and
            words to choose from (Literal).
        run: gets database, settings, run id and arguments; says what was done.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Database, Settings, str, Any], str]
