"""The jobs as Dagster runs them: partitions, ranges, schedules, the sensor, dry runs."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import adbc_driver_manager
import dagster as dg
import pytest
import yaml

from trc_pipelines import definitions
from trc_pipelines.calendar import midnight, week_start
from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.database.connection import Database
from trc_pipelines.demo.simulator import failure
from trc_pipelines.jobs import orchestration
from trc_pipelines.jobs.orchestration import (
    AS_OF_TAG,
    RunOptions,
    asset_key,
    connected,
    day_range_tags,
)
from trc_pipelines.settings import PROJECT_ROOT, Settings, load_settings
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_RECALCULATION, STEPS
from trc_pipelines_tests.world import QUARTER, World, play_in, stay_within_a_day

# What is tested is Dagster's side.
pytestmark = pytest.mark.either

# Relative to today, because Dagster knows no partitions of the future. A Monday. Whatever day it is
# when a test runs, which may be the next one, it is more than two weeks ago.
MONDAY = midnight(week_start(datetime.now(UTC).date()) - timedelta(days=21))
LINKED = {"ann": 1001, "bob": 1002}


@pytest.fixture
def instance(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance whose assets write to the world's database."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("MEE6_GUILD_ID", str(world.simulator.guild_id))
    monkeypatch.setenv("MEE6_BASE_URL", world.simulator.base_url)
    monkeypatch.setenv("MEE6_REQUEST_INTERVAL_SECONDS", "0")
    stay_within_a_day()
    connected.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
    connected.cache_clear()


@pytest.fixture
def lasting_instance(instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """The same with files of its own, which the context of a schedule asks for: it costs half a second."""
    with dg.instance_for_test() as lasting:
        yield lasting


def run(instance: dg.DagsterInstance, job: str, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
    return (
        definitions.defs()
        .resolve_job_def(job)
        .execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    )


def today() -> date:
    return datetime.now(UTC).date()


def play_two_weeks(url: str) -> None:
    """Ann chats every day at noon, Bob every second day; the last hour of every day is read."""
    with play_in(url) as world:
        world.link(LINKED)
        xp = {1001: 5_000, 1002: 9_000}
        world.sync(MONDAY, xp)
        for day in range(14):
            xp = {1001: xp[1001] + 150, 1002: xp[1002] + (80 if day % 2 else 0)}
            world.sync(MONDAY + timedelta(days=day, hours=12), xp)
            world.sync(MONDAY + timedelta(days=day, hours=23, minutes=45))
        assert xp == AFTER_TWO_WEEKS


AFTER_TWO_WEEKS = {1001: 7_100, 1002: 9_560}
after_two_weeks = pytest.mark.played.with_args(play_two_weeks)


def test_a_sync_job_materialises_all_its_tables(world: World, instance: dg.DagsterInstance) -> None:
    world.link(LINKED)
    world.simulator.board = world.simulator.board.assign(discord_id=[], xp=[])[:0]
    now = datetime.now(UTC).replace(microsecond=0)
    tags = day_range_tags(now.date(), now.date())
    world.sync(now - QUARTER, {1001: 500, 1002: 800})
    world.simulator.board.loc[0, "xp"] = 750
    result = run(instance, "mee6_sync", tags | {AS_OF_TAG: now.isoformat()})
    assert result.success
    assert world.points() == {"ann": 2}
    row = world.query(
        "SELECT job_name, success, details FROM operations.job_executions "
        "WHERE executed_by = 'dagster'"
    ).iloc[0]
    assert row["job_name"] == "mee6_sync"
    assert row["success"]
    assert set(row["details"]) == {step.table for step in MEE6_SYNC.steps}


def test_a_quarantined_sync_fails_its_check_and_its_run_and_moves_no_xp(
    world: World, instance: dg.DagsterInstance
) -> None:
    world.link(LINKED)
    now = datetime.now(UTC).replace(microsecond=0)
    world.sync(now - QUARTER, {1001: 500, 1002: 800})
    world.sync(now - QUARTER / 2, {1001: 0, 1002: 0})
    world.simulator.board.loc[:, "xp"] = 0
    result = run(
        instance, "mee6_sync", day_range_tags(now.date(), now.date()) | {AS_OF_TAG: now.isoformat()}
    )
    assert not result.success
    started = [event.step_key for event in result.all_events if event.is_step_start]
    assert started == [f"community__{step.table.split('.')[1]}" for step in MEE6_SYNC.steps]
    assert world.query("SELECT * FROM community.xp_deltas WHERE kind <> 'baseline'").empty
    statuses = world.query("SELECT status FROM community.mee6_syncs ORDER BY sync_id")["status"]
    assert statuses.tolist() == ["accepted", "quarantined", "quarantined"]


def test_a_backfill_is_one_run_unless_the_settings_say_in_how_many_days_a_run_is(
    settings: Settings,
) -> None:
    """Streaks stay one run: each day builds on the day before."""

    def policies(days_per_run: int | None) -> dict[str, tuple[int | None, str | None]]:
        graph = definitions.build_definitions(
            settings.model_copy(update={"backfill_days_per_run": days_per_run})
        ).resolve_asset_graph()
        daily = [step for step in STEPS if step.is_daily]
        nodes = {step.table: graph.get(asset_key(step)) for step in daily}
        return {
            table: (node.backfill_policy.max_partitions_per_run, *node.pools)
            for table, node in nodes.items()
        }

    default, spread = policies(None), policies(5)
    assert set(default.values()) == {(None, "community"), (None, "quiz")}
    assert {table: policy for table, policy in spread.items() if policy != default[table]} == {
        "community.daily_points": (5,),
        "community.leaderboard_rankings": (5,),
    }


@after_two_weeks
def test_days_are_computed_by_runs_of_some_days_each_and_equal_one_run(
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the backfill daemon asks for them, the latest days first; the job of all three tables too."""
    first, last = MONDAY.date(), MONDAY.date() + timedelta(days=13)

    def contents() -> list[list[dict]]:
        return [
            world.query(f"SELECT * FROM community.{table} ORDER BY 1, 2, 3").to_dict("records")
            for table in ("daily_points", "daily_streaks", "leaderboard_rankings")
        ]

    assert run(instance, "recompute_days", day_range_tags(first, last)).success
    in_one = contents()
    for table in ("daily_points", "daily_streaks", "ranking_pages", "counted_days"):
        world.execute(f"DELETE FROM community.{table}")
    monkeypatch.setenv("BACKFILL_DAYS_PER_RUN", "5")
    spread = definitions.build_definitions(load_settings())
    for table in ("daily_points", "leaderboard_rankings"):
        key = dg.AssetKey(["community", table])
        for day in (10, 5, 0):
            tags = day_range_tags(
                first + timedelta(days=day), first + timedelta(days=min(day + 4, 13))
            )
            job = spread.get_repository_def().get_implicit_job_def_for_assets([key])
            assert job.execute_in_process(
                instance=instance, tags=tags, asset_selection=[key]
            ).success
    job = spread.resolve_job_def("recompute_days")
    assert job.execute_in_process(instance=instance, tags=day_range_tags(first, last)).success
    assert contents() == in_one


@after_two_weeks
def test_a_range_is_one_run_and_equals_day_by_day_runs(
    world: World, instance: dg.DagsterInstance
) -> None:
    tables = ["daily_points", "daily_streaks", "leaderboard_rankings"]

    def contents() -> list[list[dict]]:
        return [
            world.query(f"SELECT * FROM community.{table} ORDER BY 1, 2, 3").to_dict("records")
            for table in tables
        ]

    first, last = MONDAY.date(), MONDAY.date() + timedelta(days=13)
    for day in range(14):
        as_of = MONDAY + timedelta(days=day + 1, minutes=5)
        world.run(DAILY_STREAKS, as_of)
        world.run(LEADERBOARD_RECALCULATION, MONDAY + timedelta(days=day + 1))
    day_by_day = contents()
    assert all(day_by_day)

    result = run(instance, "recompute_days", day_range_tags(first, last))
    assert result.success
    assert contents() == day_by_day
    key = dg.AssetKey(["community", "daily_streaks"])
    assert len(instance.get_materialized_partitions(key)) == 14


def test_each_day_of_a_range_shows_its_own_figures(
    world: World, instance: dg.DagsterInstance
) -> None:
    members = {"ann": 1001, "bob": 1002, "cem": 1003}
    world.link(members)
    xp = dict.fromkeys(members.values(), 5_000)
    world.sync(MONDAY, xp)
    days = [MONDAY.date() + timedelta(days=day) for day in range(3)]
    for day in range(3):  # Ann chats on all three days, Bob on two, Cem on the last
        xp |= {account: xp[account] + 150 for account in list(xp)[: day + 1]}
        world.sync(MONDAY + timedelta(days=day, hours=12), xp)
        world.sync(MONDAY + timedelta(days=day, hours=23, minutes=45))

    result = run(instance, "recompute_days", day_range_tags(days[0], days[-1]))
    shown = {
        (event.asset_key.path[1], event.partition): {
            name: value.value for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
    }

    def figures(table: str, name: str) -> list[int]:
        return [shown[table, day.isoformat()][name] for day in days]

    assert figures("daily_points", "dagster/partition_row_count") == [1, 2, 3]
    assert figures("daily_points", "xp_gained") == [150, 300, 450]
    assert figures("daily_streaks", "dagster/partition_row_count") == [1, 2, 3]
    assert figures("daily_streaks", "weekdays_of_the_longest") == [1, 2, 3]
    assert figures("leaderboard_rankings", "dagster/partition_row_count") == [3, 6, 9]
    assert figures("leaderboard_rankings", "members_on_the_weekly_board") == [1, 2, 3]


@after_two_weeks
def test_streaks_refuse_a_day_whose_day_before_is_missing(
    world: World, instance: dg.DagsterInstance
) -> None:
    day = MONDAY.date() + timedelta(days=5)
    result = run(instance, "daily_streaks", day_range_tags(day, day))
    assert not result.success
    message = world.query(
        "SELECT message FROM operations.job_executions WHERE job_name = 'daily_streaks'"
    )["message"].iat[0]
    assert f"Materialise from {MONDAY:%Y-%m-%d} on" in message


@after_two_weeks
def test_the_daily_schedule_asks_for_missed_days_oldest_first(
    world: World, lasting_instance: dg.DagsterInstance
) -> None:
    world.run(DAILY_STREAKS, MONDAY + timedelta(days=1, minutes=5))
    schedule = definitions.defs().resolve_schedule_def("daily_streaks_schedule")
    tick = MONDAY + timedelta(days=7, minutes=5)
    context = dg.build_schedule_context(instance=lasting_instance, scheduled_execution_time=tick)
    request = schedule.evaluate_tick(context).run_requests[0]
    expected = day_range_tags(
        (MONDAY + timedelta(days=1)).date(), (MONDAY + timedelta(days=6)).date()
    )
    assert expected.items() <= request.tags.items()
    assert AS_OF_TAG not in request.tags, "the scheduler tags the run with its tick"


@after_two_weeks
def test_late_points_make_their_day_and_those_after_it_anew(
    world: World, instance: dg.DagsterInstance
) -> None:
    assert run(instance, "recompute_days", day_range_tags(MONDAY.date(), today())).success
    sensor = definitions.defs().resolve_sensor_def("late_points_sensor")
    with dg.build_sensor_context(instance=instance) as context:
        assert not sensor.evaluate_tick(context).run_requests

    # Tuesday was no day of Bob's; an award of the app that arrives two weeks late makes it one.
    late = MONDAY + timedelta(days=2, hours=9)
    before = world.query(
        "SELECT * FROM community.daily_streaks WHERE member_id = 'bob' ORDER BY day"
    )
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('bob', 'resource_download', 5, '{late.isoformat()}')"
    )
    world.sync(MONDAY + timedelta(days=15), AFTER_TWO_WEEKS)
    with dg.build_sensor_context(instance=instance) as context:
        request = sensor.evaluate_tick(context).run_requests[0]
    assert request.tags.items() >= day_range_tags(late.date(), today()).items()
    assert run(instance, "recompute_days", dict(request.tags)).success
    after = world.query(
        "SELECT * FROM community.daily_streaks WHERE member_id = 'bob' ORDER BY day"
    )
    assert after["longest_streak"].max() > before["longest_streak"].max()
    with dg.build_sensor_context(instance=instance) as context:
        assert not sensor.evaluate_tick(context).run_requests


@pytest.mark.parametrize("trouble", ["refused", "quarantined"])
def test_a_reading_that_fails_keeps_no_other_step_of_its_job_from_running(
    world: World, instance: dg.DagsterInstance, trouble: str
) -> None:
    world.link(LINKED)
    now = datetime.now(UTC).replace(microsecond=0)
    world.sync(now - QUARTER, {1001: 500, 1002: 800})
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('bob', 'resource_download', 5, '{now.isoformat()}')"
    )
    if trouble == "refused":
        world.simulator.add(failure(401))
    else:
        world.simulator.board = world.simulator.board[:0]
    tags = day_range_tags(now.date(), now.date()) | {AS_OF_TAG: now.isoformat()}
    result = run(instance, "mee6_sync", tags)
    assert not result.success
    assert world.points() == {"bob": 5}
    assert len(world.query("SELECT * FROM community.daily_points")) == 1
    executed = world.query(
        "SELECT state, message FROM operations.job_executions WHERE state <> 'succeeded'"
    )
    assert executed["state"].tolist() == ["failed"]
    assert ("401" if trouble == "refused" else "quarantined") in executed["message"].iat[0]


def test_steps_that_go_on_run_after_the_reading_and_are_downstream_of_it() -> None:
    graph = definitions.defs().resolve_asset_graph()
    reading = dg.AssetKey(["community", "mee6_leaderboard_snapshot"])
    syncs = dg.AssetKey(["community", "mee6_syncs"])
    assert graph.get(syncs).parent_keys == {reading}
    assert syncs in graph.get(dg.AssetKey(["community", "xp_deltas"])).parent_keys


@after_two_weeks
def test_a_dry_run_from_the_ui_writes_nothing(world: World, instance: dg.DagsterInstance) -> None:
    result = (
        definitions.defs()
        .resolve_job_def("dry_run")
        .execute_in_process(
            instance=instance,
            run_config={
                "ops": {
                    "try_steps": {
                        "config": {
                            "job": "daily_streaks",
                            "as_of": (MONDAY + timedelta(days=8, minutes=5)).isoformat(),
                        }
                    }
                }
            },
        )
    )
    assert result.success
    assert world.query("SELECT count(*) AS n FROM community.daily_streaks")["n"].iat[0] == 0


@after_two_weeks
def test_every_check_passes_on_a_healthy_community(
    world: World, instance: dg.DagsterInstance
) -> None:
    assert run(
        instance,
        "recompute_days",
        day_range_tags(MONDAY.date(), MONDAY.date() + timedelta(days=13)),
    ).success
    result = run(instance, "verification", {})
    evaluations = result.get_asset_check_evaluations()
    assert {e.check_name for e in evaluations} == {check.name for check in CHECKS}
    assert all(e.passed for e in evaluations)


@pytest.mark.undisturbed("brings faults of its own, and counts attempts")
@pytest.mark.parametrize("job", [DAILY_STREAKS.name, "bankroll_reset"])
@after_two_weeks
def test_a_tick_asks_again_while_the_database_is_away_and_loses_no_day(
    job: str, world: World, lasting_instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.run(DAILY_STREAKS, MONDAY + timedelta(days=1, minutes=5))
    schedule = definitions.defs().resolve_schedule_def(f"{job}_schedule")
    tick = MONDAY + timedelta(days=7, minutes=5)
    context = dg.build_schedule_context(instance=lasting_instance, scheduled_execution_time=tick)
    expected = schedule.evaluate_tick(context).run_requests[0].tags

    open_driver, attempts = Database.open_driver, []

    def away(database: Database) -> object:
        attempts.append(database)
        if len(attempts) < 4:
            raise adbc_driver_manager.OperationalError(
                "connection refused", status_code=adbc_driver_manager.AdbcStatusCode.IO
            )
        return open_driver(database)

    monkeypatch.setattr(Database, "open_driver", away)
    monkeypatch.setattr(orchestration, "TICK_PAUSE_SECONDS", 0.01)
    assert schedule.evaluate_tick(context).run_requests[0].tags == expected
    assert len(attempts) == 4

    attempts.clear()
    monkeypatch.setattr(orchestration, "TICK_PATIENCE_SECONDS", -1)
    with pytest.raises(dg.DagsterError, match="evaluation of schedule"):
        schedule.evaluate_tick(context)


def test_a_tick_that_failed_is_tried_again_by_the_scheduler(tmp_path: Path) -> None:
    """As dagster.yaml says: by itself Dagster would wait for the next tick, a day or a week later."""
    config = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    assert config["scheduler"]["config"] == {"max_tick_retries": 1000}
    del config["storage"]
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert instance.scheduler.max_tick_retries == 1000


def test_every_asset_of_a_step_links_to_the_lines_that_write_it(
    instance: dg.DagsterInstance,
) -> None:
    graph = definitions.defs().resolve_asset_graph()
    for step in STEPS:
        [where] = graph.get(asset_key(step)).metadata["dagster/code_references"].code_references
        lines = Path(where.file_path).read_text().splitlines()
        assert any(
            f"def {step.table.split('.')[1]}(" in line
            for line in lines[where.line_number - 1 : where.line_number + 15]
        )


@pytest.mark.parametrize(
    ("tags", "is_named"),
    [
        ({}, True),
        ({"dagster/backfill": "x"}, True),
        ({"dagster/schedule_name": "mee6_sync_schedule"}, False),
        ({"dagster/sensor_name": "community_recompute_sensor"}, False),
    ],
)
def test_only_days_that_a_person_named_are_computed_from_everything(
    tags: dict[str, str], is_named: bool
) -> None:
    """What a clock asks for carries days too: computed anew, each sync would cost what its day does."""
    context = SimpleNamespace(run=SimpleNamespace(tags=tags, run_id="r"))
    days = (date(2026, 3, 4), date(2026, 3, 4))
    options = RunOptions().resolve(context, days)
    assert (options.days, options.are_days_due) == (days, not is_named)
