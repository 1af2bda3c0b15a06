"""Who is told, when, and how often: from stored state alone."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.trouble import find_conditions
from trc_pipelines.definitions import JOBS
from trc_pipelines.demo.simulator import failure
from trc_pipelines.operations.alerts import QUIET, REMIND_AFTER, Condition, reconcile, report
from trc_pipelines.operations.health import assess_jobs, watch
from trc_pipelines.operations.sensors import end_lost_runs, record_ended_runs
from trc_pipelines_tests.world import NOON, QUARTER, World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOOK = timedelta(minutes=5)
STALE = Condition("stale", "mee6_sync", "error", "look")


def look(world: World, now: datetime) -> list[str]:
    with world.database.transaction() as transaction:
        found = watch(transaction, world.settings, [MEE6_SYNC], [find_conditions], now)
    return [f"{condition.kind} {condition.subject}" for condition in found]


def told(world: World) -> list[str]:
    return world.query("SELECT title FROM operations.alerts ORDER BY alert_id")["title"].tolist()


def executed(world: World, moment: datetime, state: str, message: str = "m") -> None:
    world.execute(
        "INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, "
        "affected_count, duration_ms, details, executed_at, executed_by) VALUES ('mee6_sync', "
        f"gen_random_uuid(), '{moment}', '{state}', {state == 'succeeded'}, '{message}', 0, 0, '{{}}', "
        f"'{moment}', 'test')"
    )


def jobs_frame(**values: object) -> pd.DataFrame:
    row = {
        "job_name": "j", "stale_after": pd.Timedelta(minutes=35), "first_seen_at": pd.Timestamp(NOON),
        "last_success_at": pd.NaT, "failures": 0, "last_message": None,
    }  # fmt: skip
    frame = pd.DataFrame([row | values])
    return frame.assign(last_success_at=pd.to_datetime(frame["last_success_at"], utc=True))


@pytest.mark.parametrize(
    ("values", "minutes", "kinds"),
    [
        ({}, 35, []),
        ({}, 36, ["stale"]),
        ({"last_success_at": pd.Timestamp(NOON + HOUR)}, 95, []),
        ({"last_success_at": pd.Timestamp(NOON + HOUR)}, 96, ["stale"]),
        ({"failures": 2}, 1, []),
        ({"failures": 3}, 1, ["failing"]),
        ({"failures": 3}, 36, ["stale", "failing"]),
    ],
)
def test_a_job_is_late_after_its_limit_and_escalates_at_the_third_failure(
    values: dict[str, object], minutes: int, kinds: list[str]
) -> None:
    found = assess_jobs(jobs_frame(**values), NOON + minutes * MINUTE)
    assert [condition.kind for condition in found] == kinds


def test_a_job_that_never_ran_is_late_from_its_first_start_on(world: World) -> None:
    assert look(world, NOON) == []
    assert look(world, NOON + 35 * MINUTE) == []
    assert look(world, NOON + 36 * MINUTE) == ["stale mee6_sync"]
    assert told(world) == ["mee6_sync stale"]


def test_one_alert_a_reminder_after_six_hours_and_one_recovery(world: World) -> None:
    look(world, NOON)
    now = NOON + HOUR
    while now < NOON + HOUR + 13 * HOUR:
        look(world, now)
        now += LOOK
    assert told(world) == ["mee6_sync stale", "Still: mee6_sync stale", "Still: mee6_sync stale"]
    executed(world, now, "succeeded")
    for _ in range(6):
        look(world, now)
        now += LOOK
    assert told(world)[3:] == ["Over: mee6_sync stale"]
    look(world, now + HOUR)
    assert told(world)[4:] == ["mee6_sync stale"]


def test_what_comes_and_goes_is_one_incident(world: World) -> None:
    """Twenty times in an hour: one alert, and one recovery once it has stayed away."""
    now = NOON
    for number in range(40):
        with world.database.transaction() as transaction:
            reconcile(transaction, [STALE] if number % 2 else [], now)
        now += 1.5 * MINUTE
    for _ in range(10):
        with world.database.transaction() as transaction:
            reconcile(transaction, [], now)
        now += LOOK
    assert told(world) == ["mee6_sync stale", "Over: mee6_sync stale"]


def test_an_incident_is_over_only_after_a_quarter_of_an_hour(world: World) -> None:
    with world.database.transaction() as transaction:
        reconcile(transaction, [STALE], NOON)
        reconcile(transaction, [], NOON + QUIET - MINUTE)
    assert told(world) == ["mee6_sync stale"]
    with world.database.transaction() as transaction:
        reconcile(transaction, [], NOON + QUIET)
    assert told(world) == ["mee6_sync stale", "Over: mee6_sync stale"]


def test_a_condition_that_is_gone_is_not_reminded_of(world: World) -> None:
    with world.database.transaction() as transaction:
        reconcile(transaction, [STALE], NOON)
        reconcile(transaction, [], NOON + REMIND_AFTER)
    assert told(world) == ["mee6_sync stale", "Over: mee6_sync stale"]


def test_two_watchers_at_once_tell_once(world: World) -> None:
    with world.database.transaction() as first:
        report(first, STALE, NOON)
    with world.database.transaction() as second:
        report(second, STALE, NOON)
    assert told(world) == ["mee6_sync stale"]


def test_the_third_failure_in_a_row_escalates_once_and_a_success_starts_anew(world: World) -> None:
    look(world, NOON)
    for number in range(5):
        executed(world, NOON + number * QUARTER, "failed", f"failure {number}")
        look(world, NOON + number * QUARTER + MINUTE)
    escalations = [title for title in told(world) if "failing" in title]
    assert escalations == ["mee6_sync failing"]
    message = world.query("SELECT message FROM operations.incidents WHERE kind = 'failing'")
    assert message["message"].tolist() == ["mee6_sync has failed 5 times in a row, last: failure 4"]
    executed(world, NOON + 5 * QUARTER, "succeeded")
    for number in range(2):
        executed(world, NOON + (6 + number) * QUARTER, "failed")
        assert "failing mee6_sync" not in look(world, NOON + (6 + number) * QUARTER + MINUTE)


@pytest.mark.parametrize("state", ["interrupted", "running"])
def test_what_was_stopped_or_still_runs_is_no_failure(world: World, state: str) -> None:
    look(world, NOON)
    for number in range(4):
        executed(world, NOON + number * MINUTE, state)
    assert look(world, NOON + 5 * MINUTE) == []


def test_a_job_that_is_switched_off_is_not_missed(world: World) -> None:
    cache = [job for job in JOBS if job.name == "leaderboard_cache"]
    for now in (NOON, NOON + 48 * HOUR):
        with world.database.transaction() as transaction:
            assert watch(transaction, world.settings, cache, [], now) == []


def test_a_refusal_of_mee6_is_told_at_once_and_a_recovery_when_it_reads_again(world: World) -> None:
    world.link({"ann": 1001})
    world.simulator.add(failure(403))
    world.sync(NOON)
    assert told(world) == ["mee6_sync refused"]
    assert "refused mee6_sync" in look(world, NOON + MINUTE)
    world.simulator.clear()
    world.sync(NOON + QUARTER, {1001: 5})
    assert look(world, datetime.now(UTC)) == []


def test_runs_are_looked_at_when_there_are_none_and_when_one_ended_unseen(world: World) -> None:
    with dg.instance_for_test() as instance, world.database.transaction() as transaction:
        assert end_lost_runs(instance, transaction, NOON) == []
        record_ended_runs(instance, transaction, [], {"mee6_sync"}, NOON)
        for job_name, status in [
            ("mee6_sync", "FAILURE"),
            ("mee6_sync", "CANCELED"),
            ("x", "FAILURE"),
        ]:
            create_run_for_test(instance, job_name=job_name, status=dg.DagsterRunStatus(status))
        for _ in range(2):
            records = instance.get_run_records()
            record_ended_runs(instance, transaction, records, {"mee6_sync"}, NOON)
    states = world.query("SELECT state FROM operations.job_executions ORDER BY 1")
    assert states["state"].tolist() == ["failed", "interrupted"]
    alerts = world.query("SELECT title, is_for_people FROM operations.alerts ORDER BY 1")
    assert alerts.values.tolist() == [["mee6_sync failed", False], ["x failed", False]]
