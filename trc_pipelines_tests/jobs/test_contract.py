"""The record of a run, whatever the order of its steps; and units that keep each other from nothing."""

import itertools
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from trc_pipelines.database.connection import DatabaseError, Transaction
from trc_pipelines.jobs.contract import Job, JobError, Options, Result, Step, Work
from trc_pipelines.jobs.execution import Run, dry_run_jobs
from trc_pipelines.jobs.execution import perform as perform_job
from trc_pipelines.quiz.jobs import SESSION_CLEANUP
from trc_pipelines_tests.world import NOON, World

TABLES = ["a.one", "a.two", "a.three"]


def perform(world: World, order: list[str], failing: str | None = None) -> list[tuple]:
    """Run steps in an order, one of them without success; state, success and message after each."""
    options = Options(NOON, NOON, str(uuid.uuid4()), "test")
    seen = []
    with world.database.connect() as connection:
        run = Run(
            world.database, connection, world.settings, "job", TABLES, SESSION_CLEANUP.days, options
        )
        for table in order:
            result = Result(1, f"{table} is done", {"figure": 1}, success=table != failing)
            run.perform(Step(table, lambda _work, result=result: result))
            row = world.query("SELECT state, success, message FROM operations.job_executions")
            seen.append(tuple(row.iloc[0]))
    return seen


@pytest.mark.parametrize("order", list(itertools.permutations(TABLES)), ids=" ".join)
def test_a_run_has_succeeded_once_all_its_steps_are_recorded(
    world: World, order: tuple[str, ...]
) -> None:
    states = [state for state, *_ in perform(world, list(order))]
    assert states == ["running", "running", "succeeded"]
    (row,) = world.query("SELECT * FROM operations.job_executions").to_dict("records")
    assert (row["affected_count"], set(row["details"])) == (3, set(TABLES))


@pytest.mark.parametrize("failing", TABLES)
def test_what_failed_once_has_failed_and_says_why_though_other_steps_succeed(
    world: World, failing: str
) -> None:
    seen = perform(world, TABLES, failing)
    assert seen[-1] == ("failed", False, f"{failing} is done")
    assert not any(success for _state, success, _message in seen)


def change_three(world: World, transaction: Transaction, *, dry_run: bool) -> tuple[dict, dict]:
    """Note three units, of which the database refuses the second."""
    options = Options(NOON, NOON, "r", "test")
    days = (NOON.date(), NOON.date())
    work = Work(transaction, world.database, world.settings, options, days, is_dry_run=dry_run)

    def change(work: Work, unit: int) -> int:
        work.transaction.execute(
            "monitoring/upsert_purge",
            run_id="r",
            target=f"unit {unit}",
            removed_count=unit,
            as_of=NOON,
        )
        return unit * 10

    return work.change_each([1, -1, 2], change)


def test_a_unit_that_is_refused_stops_no_other_and_leaves_nothing(world: World) -> None:
    with world.database.transaction(commit=False) as transaction:
        done, refused = change_three(world, transaction, dry_run=False)
    assert done == {1: 10, 2: 20}
    assert "purges_removed_check" in refused[-1]
    kept = world.query("SELECT target FROM operations.purges ORDER BY target")
    assert kept["target"].tolist() == ["unit 1", "unit 2"]


def test_a_dry_run_refuses_what_the_run_refuses_and_leaves_nothing(world: World) -> None:
    """A unit, a step of another job after some of its work, and the database in a third."""

    def note(work: Work, name: str, removed: int) -> int:
        work.transaction.execute(
            "monitoring/upsert_purge",
            run_id="r",
            target=name,
            removed_count=removed,
            as_of=NOON,
        )
        return removed

    def units(work: Work) -> Result:
        done, refused = work.change_each([1, -1, 2], lambda work, n: note(work, f"unit {n}", n))
        return Result(sum(done.values()), "; ".join(refused.values()), {"seen": see(work)})

    def half(work: Work) -> Result:
        note(work, "half", 1)
        raise JobError("not today")

    def refused(work: Work) -> Result:
        note(work, "refused", -5)
        return Result(0, "never said")

    def last(work: Work) -> Result:
        return Result(note(work, "last", 7), "", {"seen": see(work)})

    def see(work: Work) -> list[str]:
        sql = "SELECT target FROM operations.purges ORDER BY target"
        rows = work.transaction._connection.use("see", lambda c: c.execute(sql).fetchall())
        return [target for (target,) in rows]

    jobs = [
        Job(run.__name__, "", None, None, [Step(f"j.{run.__name__}", run)])
        for run in (units, half, refused, last)
    ]
    options = Options(NOON, NOON, "r", "test")
    tried = dry_run_jobs(world.database, world.settings, jobs, options)
    assert world.query("SELECT * FROM operations.purges").empty
    assert [type(one.error) for one in tried] == [type(None), JobError, DatabaseError, type(None)]
    first, final = tried[0].results["j.units"], tried[-1].results["j.last"]
    assert (first.affected, final.affected) == (3, 7)
    assert "purges_removed_check" in first.message
    for job in jobs:
        with suppress(JobError, DatabaseError):
            result = perform_job(world.database, world.settings, job, options)
            assert result == next(one.results for one in tried if one.job is job)


def test_the_days_of_a_job_begin_with_the_first_that_has_a_partition(world: World) -> None:
    start = world.settings.community_start_on
    yesterday = start - timedelta(days=1)
    job = Job("j", "", None, None, [], days=lambda *_: (yesterday, yesterday))
    with world.database.transaction(commit=False) as transaction:
        assert job.days_at(transaction, world.settings, NOON) == (start, start)
        late = replace(job, days=lambda *_: (yesterday, NOON.date()))
        assert late.days_at(transaction, world.settings, NOON) == (start, NOON.date())


def test_a_unit_that_is_refused_is_split_in_its_place_on_the_same_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, opened = [], []
    connect = type(world.database).connect
    monkeypatch.setattr(
        type(world.database), "connect", lambda self: opened.append(1) or connect(self)
    )

    def change(work: Work, unit: tuple[int, ...]) -> int:
        tried.append(unit)
        for number in unit:
            work.transaction.execute(
                "monitoring/upsert_purge",
                run_id="r",
                target=f"unit {number}",
                removed_count=number,
                as_of=NOON,
            )
        return sum(unit)

    def split(unit: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [(number,) for number in unit] if len(unit) > 1 else []

    with world.database.transaction(commit=False) as transaction:
        options = Options(NOON, NOON, "r", "test")
        days = (NOON.date(), NOON.date())
        work = Work(transaction, world.database, world.settings, options, days, is_dry_run=False)
        opened.clear()
        done, refused = work.change_each([(1, -1, 2), (3,)], change, split)
    assert tried == [(1, -1, 2), (1,), (-1,), (2,), (3,)]
    assert (done, list(refused), len(opened)) == ({(1,): 1, (2,): 2, (3,): 3}, [(-1,)], 1)
    kept = world.query("SELECT target FROM operations.purges ORDER BY target")
    assert kept["target"].tolist() == ["unit 1", "unit 2", "unit 3"]


def test_no_units_open_no_connection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with world.database.transaction(commit=False) as transaction:
        options = Options(NOON, NOON, "r", "test")
        days = (NOON.date(), NOON.date())
        work = Work(transaction, world.database, world.settings, options, days, is_dry_run=False)
        monkeypatch.setattr(type(world.database), "connect", None)
        assert work.change_each([], lambda _work, unit: unit) == ({}, {})


def test_a_job_lists_the_tables_of_its_steps() -> None:
    job = Job("j", "J.", "0 * * * *", SESSION_CLEANUP.stale_after, SESSION_CLEANUP.steps)
    assert job.tables == ["quiz.quiz_sessions"]


def skip(world: World, order: list[str], skipping: str, failing: str | None = None) -> list[tuple]:
    """Run steps of which one leaves its work; state, success and message after each."""
    options = Options(NOON, NOON, str(uuid.uuid4()), "test")
    seen = []
    with world.database.connect() as connection:
        run = Run(
            world.database, connection, world.settings, "job", TABLES, SESSION_CLEANUP.days, options
        )
        for table in order:
            result = Result(
                0, f"{table} says so", success=table != failing, skipped=table == skipping
            )
            run.perform(Step(table, lambda _work, result=result: result))
            row = world.query("SELECT state, success, message FROM operations.job_executions")
            seen.append(tuple(row.iloc[0]))
    return seen


@pytest.mark.parametrize("skipping", TABLES)
def test_a_run_of_which_a_step_was_skipped_is_no_success_and_says_why(
    world: World, skipping: str
) -> None:
    seen = skip(world, TABLES, skipping)
    assert [state for state, *_ in seen] == ["running", "running", "skipped"]
    assert seen[-1] == ("skipped", False, f"{skipping} says so")


def test_what_failed_has_failed_though_another_step_was_skipped(world: World) -> None:
    for order in (TABLES, TABLES[::-1]):
        seen = skip(world, order, TABLES[0], failing=TABLES[2])
        assert seen[-1] == ("failed", False, f"{TABLES[2]} says so")
        world.execute("DELETE FROM operations.job_executions")


def test_what_was_interrupted_stays_so_though_the_run_goes_on(world: World) -> None:
    def stop(_work: Work) -> Result:
        raise SystemExit(-253)  # what a worker of several processes gets when it has to end

    options = Options(NOON, NOON, str(uuid.uuid4()), "test")
    states = []
    with world.database.connect() as connection:
        run = Run(
            world.database, connection, world.settings, "job", TABLES, SESSION_CLEANUP.days, options
        )
        with pytest.raises(SystemExit):
            run.perform(Step(TABLES[0], stop))
        for table in TABLES[1:]:
            run.perform(Step(table, lambda _work: Result(0, "done")))
            states += world.query("SELECT state, success FROM operations.job_executions").to_dict(
                "records"
            )
    assert states == [{"state": "interrupted", "success": False}] * 2


def test_the_text_of_a_librarys_error_is_in_no_record(world: World) -> None:
    def raise_data(_work: Work) -> Result:
        raise KeyError("Canary Person")

    options = Options(NOON, NOON, "r", "test")
    with world.database.connect() as connection:
        run = Run(
            world.database, connection, world.settings, "job", TABLES, SESSION_CLEANUP.days, options
        )
        with pytest.raises(KeyError):
            run.perform(Step(TABLES[0], raise_data))
    (row,) = world.query("SELECT state, message FROM operations.job_executions").to_dict("records")
    assert row == {
        "state": "failed",
        "message": f"{TABLES[0]} failed: KeyError; the log of its run has the rest",
    }
