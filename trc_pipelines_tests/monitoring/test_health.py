"""Who is told, when, and how often: from stored state alone."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
import pytest
from dagster._core.test_utils import create_run_for_test

from trc_pipelines import definitions
from trc_pipelines.community import readings
from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo.simulator import failure, too_many_requests
from trc_pipelines.jobs import execution
from trc_pipelines.jobs.orchestration import connected, day_range_tags
from trc_pipelines.monitoring import sensors
from trc_pipelines.monitoring.alerts import QUIET, REMIND_AFTER, Condition, reconcile, report
from trc_pipelines.monitoring.health import assess_jobs, watch
from trc_pipelines.monitoring.sensors import (
    LOOKED_FOR_ELSEWHERE_EVERY,
    SILENT_AFTER,
    SILENT_ELSEWHERE_AFTER,
    build_runs_sensor,
    end_lost_runs,
    find_unseen_runs,
    record_ended_runs,
)
from trc_pipelines_tests.catalogue import JOBS
from trc_pipelines_tests.world import NOON, QUARTER, World, board

# What is tested is what people are told.
pytestmark = pytest.mark.either

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
    with dg.DagsterInstance.ephemeral() as instance, world.database.transaction() as transaction:
        assert end_lost_runs(instance, find_unseen_runs(instance, transaction), NOON) == []
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


@pytest.mark.parametrize("launcher", ["in-host", "celery"])
def test_a_run_without_a_session_is_ended_when_two_looks_have_not_seen_it(
    launcher: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One look may come just when the database is back, and the run is about to connect again."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    connected.cache_clear()
    moment = datetime.now(UTC)
    silent_after = SILENT_AFTER if launcher == "in-host" else SILENT_ELSEWHERE_AFTER
    sensor = build_runs_sensor([], launcher)
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(instance, status=dg.DagsterRunStatus.STARTED)

        def look_after(passed: timedelta) -> bool:
            monkeypatch.setattr(sensors, "_last_sign_of_life", lambda *_: moment - passed)
            context = dg.build_sensor_context(instance, cursor=cursors[-1])
            cursors.append(sensor.evaluate_tick(context).cursor)
            return instance.get_run_by_id(run.run_id).is_finished

        cursors: list[str | None] = [None]
        assert not look_after(silent_after + MINUTE)  # the first look
        assert not look_after(silent_after - timedelta(seconds=5))  # it said something just now
        assert look_after(silent_after + MINUTE)
    connected.cache_clear()


def test_a_run_that_tries_to_connect_again_is_back_before_the_second_look() -> None:
    """A server that was killed is back after twenty seconds; until then there are no looks either."""
    delays = execution.RETRY_DELAYS_SECONDS
    assert sum(delays) > 20
    assert timedelta(seconds=max(delays)) < LOOKED_FOR_ELSEWHERE_EVERY


def open_incidents(world: World) -> list[str]:
    rows = world.query(
        "SELECT subject || ' ' || kind AS incident FROM operations.incidents "
        "WHERE closed_at IS NULL ORDER BY 1"
    )
    return rows["incident"].tolist()


def live_through(world: World, hours: int, began: datetime = NOON) -> datetime:
    """Sync every quarter of an hour, look every five minutes; the time when it is over."""
    now = began
    while now < began + hours * HOUR:
        if (now - began) % QUARTER == timedelta():
            sync_at(world, now)
        look(world, now + MINUTE)
        now += LOOK
    return now


def sync_at(world: World, moment: datetime) -> None:
    """A sync that is dated as if it had run at that moment."""
    world.sync(moment)
    world.execute(
        f"UPDATE operations.job_executions SET executed_at = '{moment}' WHERE as_of = '{moment}'"
    )


def test_a_429_that_lasts_for_days_is_one_alert_and_its_skips_are_no_success(world: World) -> None:
    world.link({"ann": 1001})
    sync_at(world, NOON - QUARTER)
    world.simulator.add(too_many_requests(None))
    live_through(world, 5)
    assert told(world) == ["mee6_sync blocked"]
    states = world.query("SELECT state, count(*) AS n FROM operations.job_executions GROUP BY 1")
    by_state = dict(zip(states["state"], states["n"], strict=True))
    assert by_state["succeeded"] == 1
    assert by_state["skipped"] > by_state["failed"] > 1
    message = world.query(
        "SELECT message FROM operations.job_executions WHERE state = 'skipped' LIMIT 1"
    )["message"][0]
    assert message.startswith("skipped: MEE6 asked us to wait")

    world.simulator.clear()
    began = NOON + 5 * HOUR
    world.execute("UPDATE community.mee6_blocks SET blocked_until = blocked_at + interval '1 s'")
    live_through(world, 1, began)
    assert told(world) == ["mee6_sync blocked", "Over: mee6_sync blocked"]
    assert open_incidents(world) == []


def test_a_quarantine_of_four_hours_is_one_alert(world: World) -> None:
    linked = {f"m{i}": 1000 + i for i in range(7)}
    world.link(linked)
    world.simulator.board = board(dict.fromkeys(linked.values(), 1000))
    sync_at(world, NOON - QUARTER)
    world.simulator.board = board({1000: 1000})
    now = live_through(world, 4)
    assert told(world) == ["mee6_sync quarantined"]
    world.simulator.board = board(dict.fromkeys(linked.values(), 1000))
    live_through(world, 1, now)
    assert told(world) == ["mee6_sync quarantined", "Over: mee6_sync quarantined"]


def test_what_was_told_before_its_cause_was_known_is_over_with_it_and_not_before(
    world: World,
) -> None:
    """Late first, refused later: both are told once, and both are over once, in the end."""
    refused = Condition("refused", "mee6_sync", "error", "look")
    with world.database.transaction() as transaction:
        reconcile(transaction, [STALE], NOON)
        for minutes in range(5, 600, 5):
            reconcile(transaction, [STALE, refused], NOON + minutes * MINUTE)
    assert told(world)[:2] == ["mee6_sync stale", "mee6_sync refused"]
    assert set(told(world)[2:]) == {"Still: mee6_sync refused"}
    with world.database.transaction() as transaction:
        reconcile(transaction, [], NOON + 620 * MINUTE)
    assert sorted(told(world)[-2:]) == ["Over: mee6_sync refused", "Over: mee6_sync stale"]


def test_a_cause_that_is_just_over_still_explains_until_the_next_run_had_its_chance(
    world: World,
) -> None:
    quarantined = Condition("quarantined", "mee6_sync", "error", "look")
    with world.database.transaction() as transaction:
        reconcile(transaction, [STALE, quarantined], NOON)
        reconcile(transaction, [STALE], NOON + LOOK)  # a person decided; no sync has run since
        reconcile(transaction, [], NOON + 2 * LOOK)
        reconcile(transaction, [], NOON + QUIET)
    assert told(world) == ["mee6_sync quarantined", "Over: mee6_sync quarantined"]


def test_an_incident_of_one_job_explains_nothing_about_another(world: World) -> None:
    other = Condition("stale", "daily_streaks", "error", "look")
    quarantined = Condition("quarantined", "mee6_sync", "error", "look")
    with world.database.transaction() as transaction:
        reconcile(transaction, [quarantined, other], NOON)
    assert sorted(told(world)) == ["daily_streaks stale", "mee6_sync quarantined"]


def test_a_late_tick_that_is_superseded_waits_for_nobody(world: World) -> None:
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 5})
    world.sync(NOON + QUARTER)
    result = world.run(MEE6_SYNC, NOON + MINUTE, now=NOON + QUARTER)
    first = next(iter(result.values()))
    assert first.skipped
    assert "superseded" in first.message
    assert look(world, NOON + QUARTER) == []
    assert told(world) == []
    statuses = world.query("SELECT status FROM community.mee6_syncs")["status"]
    assert set(statuses) == {"accepted"}


def test_a_reading_that_is_overtaken_while_it_is_made_is_discarded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 5})
    ask, newer = readings._ask, int((NOON + QUARTER).timestamp())

    def overtaken(*arguments: object) -> object:
        with world.database.transaction() as transaction:
            transaction.execute(
                "community/upsert_sync",
                sync_id=newer,
                guild_id=1,
                status="staged",
                requested_count=0,
                found_count=0,
                missing_count=0,
                pages=0,
                requests=0,
                duplicates=0,
                xp_rate=1.0,
                started_at=NOON,
                finished_at=NOON,
                error=None,
                run_id="other",
                whole_sync_id=None,
            )
            transaction.execute(
                "community/decide_sync", sync_id=newer, status="accepted", audit="{}"
            )
        return ask(*arguments)

    monkeypatch.setattr(readings, "_ask", overtaken)
    result = world.run(MEE6_SYNC, NOON + 2 * MINUTE)
    assert next(iter(result.values())).skipped
    rows = world.query(
        "SELECT status, review_reason FROM community.mee6_syncs ORDER BY sync_id"
    ).values.tolist()
    assert rows[1] == ["discarded", f"superseded by sync {newer}"]
    assert told(world) == []


def test_a_run_that_ended_unseen_is_dated_by_its_end(world: World) -> None:
    """The daemon was down: what failed before the last success is no failure since."""
    now = datetime.now(UTC)
    with dg.DagsterInstance.ephemeral() as instance, world.database.transaction() as transaction:
        for _ in range(3):
            create_run_for_test(instance, job_name="mee6_sync", status=dg.DagsterRunStatus.FAILURE)
        records = [
            record._replace(end_time=(now - 2 * HOUR).timestamp())
            for record in instance.get_run_records()
        ]
        record_ended_runs(instance, transaction, records, {"mee6_sync"}, now)
    rows = world.query("SELECT executed_at FROM operations.job_executions")["executed_at"]
    assert (rows < now - HOUR).all()
    executed(world, now - QUARTER, "succeeded")
    assert look(world, now) == []


@pytest.mark.parametrize(
    ("as_of", "words"),
    [
        ("2126-01-01T00:00:00+00:00", "still to come"),
        ("yesterday", "is no time"),
        ("2026-01-01T00:00:00+00:00", "cannot be read any more"),
    ],
)
def test_a_mistyped_time_is_no_failure_of_the_job_and_nobody_is_told(
    as_of: str, words: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("MEE6_GUILD_ID", str(world.simulator.guild_id))
    monkeypatch.setenv("MEE6_BASE_URL", world.simulator.base_url)
    connected.cache_clear()
    today = datetime.now(UTC).date()
    with dg.DagsterInstance.ephemeral() as instance:
        run = (
            definitions.defs()
            .resolve_job_def("mee6_sync")
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                run_config={"resources": {"run_options": {"config": {"as_of": as_of}}}},
                tags=day_range_tags(today, today),
            )
        )
        assert not run.success
        with world.database.transaction() as transaction:
            records = instance.get_run_records()
            record_ended_runs(instance, transaction, records, {"mee6_sync"}, datetime.now(UTC))
    connected.cache_clear()
    (row,) = world.query("SELECT state, message FROM operations.job_executions").to_dict("records")
    assert row["state"] == "skipped"
    assert words in row["message"]
    assert told(world) == []
