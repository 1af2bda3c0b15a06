"""What the page of an asset shows: columns, counts, rows, charts; and what it must not show."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from urllib.parse import unquote

import dagster as dg
import pytest

from trc_pipelines import definitions
from trc_pipelines.database.baselines import read_declared_columns
from trc_pipelines.jobs.asset_metadata import (
    CHARTED,
    asset_key,
    chart_runs,
    column_metadata,
    count_rows,
    day_metadata,
    draw,
    sample_rows,
)
from trc_pipelines.jobs.contract import Result
from trc_pipelines.jobs.orchestration import AS_OF_TAG, DRY_RUN_OF_TAG, connected
from trc_pipelines_tests.catalogue import CATALOGUE, JOBS, LEADERBOARD_RECALCULATION, STEPS
from trc_pipelines_tests.world import NOON, World

pytestmark = pytest.mark.either

DAY = date(2026, 3, 4)
COLUMNS = """\
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
coalesce(col_description(a.attrelid, a.attnum), '') AS description
FROM pg_attribute AS a WHERE a.attrelid = '{table}'::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"""
LONG_NAMES = {
    "timestamptz": "timestamp with time zone",
    "timestamptz[]": "timestamp with time zone[]",
}
WORST = "<img src=x onerror=alert(1)>\u202e|`'\""


@pytest.fixture
def instance(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance whose assets write to the world's database."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    connected.cache_clear()
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
    connected.cache_clear()


@pytest.fixture
def lasting_instance(instance: dg.DagsterInstance) -> Iterator[dg.DagsterInstance]:
    """The same with files of its own, which the context of a schedule asks for: it costs half a second."""
    with dg.instance_for_test() as lasting:
        yield lasting


def test_columns_are_known_before_the_first_run_as_the_database_has_them(world: World) -> None:
    declared = read_declared_columns()
    ours = {step.table for step in STEPS} | {relation.table for relation in CATALOGUE.relations}
    assert {"community.daily_points", "betting.bankroll_ledger", "quiz.streak_evaluations"} <= (
        ours & declared.keys()
    )
    for table in declared:
        found = world.query(COLUMNS.format(table=table))
        assert [
            (column.name, LONG_NAMES.get(column.type, column.type), column.description)
            for column in declared[table]
        ] == list(found.itertuples(index=False, name=None)), table


def test_every_table_has_its_columns_before_it_was_ever_written(
    instance: dg.DagsterInstance,
) -> None:
    graph = definitions.defs().resolve_asset_graph()
    without = {
        ".".join(key.path)
        for key in graph.get_all_asset_keys()
        if "dagster/column_schema" not in graph.get(key).metadata
    }
    # Stores, and views, whose columns only the database knows.
    assert without == {
        "betting.media_objects", "community.leaderboard_cache", "quiz.leaderboard_cache",
        "community.leaderboard_archive", "quiz.leaderboard_archive",
        "community.leaderboard_rankings",
    }  # fmt: skip


def test_columns_that_are_taken_over_exist_on_both_sides(instance: dg.DagsterInstance) -> None:
    graph = definitions.defs().resolve_asset_graph()

    def columns(key: dg.AssetKey) -> set[str]:
        return {column.name for column in graph.get(key).metadata["dagster/column_schema"].columns}

    lineages = 0
    for step in STEPS:
        lineage = graph.get(asset_key(step)).metadata.get("dagster/column_lineage")
        for column, sources in lineage.deps_by_column.items() if lineage else ():
            assert column in columns(asset_key(step))
            for source in sources:
                assert source.asset_key in graph.get(asset_key(step)).parent_keys
                assert source.column_name in columns(source.asset_key)
                lineages += 1
    assert lineages


def test_rows_to_look_at_are_the_last_ten_with_ids_and_without_words(world: World) -> None:
    world.link({WORST: 1} | {f"member-{n:02}": 100 + n for n in range(15)})
    world.sync(NOON, {1: 500} | {100 + n: 500 for n in range(15)})
    with world.database.transaction(commit=False) as transaction:
        rows = sample_rows(transaction, "community.mee6_leaderboard_snapshot", None)["rows"]
        assert sample_rows(transaction, "community.leaderboard_archive", None) == {}, "a view"
        assert sample_rows(transaction, "community.leaderboard_cache", None) == {}, "no table"
        assert sample_rows(transaction, "community.leaderboard_rankings", NOON.date()) == {}
        syncs = sample_rows(transaction, "community.mee6_syncs", None)["rows"]
    shown = [record.data for record in rows.records]
    assert [row["discord_id"] for row in shown] == [str(100 + n) for n in range(14, 4, -1)]
    assert {"error", "audit", "reviewed_by", "review_reason"}.isdisjoint(syncs.records[0].data)

    world.sync(NOON + timedelta(minutes=15), {100 + n: 700 for n in range(15)})
    world.run(LEADERBOARD_RECALCULATION, NOON + timedelta(minutes=20))
    with world.database.transaction(commit=False) as transaction:
        ranks = sample_rows(transaction, "community.leaderboard_rankings", NOON.date())["rows"]
    assert len(ranks.records) == 10, "a view, of a day"
    assert ranks.records[0].data["member_id"].startswith("member-")

    world.execute("DELETE FROM community.members WHERE discord_id <> 1")
    world.sync(NOON + timedelta(minutes=30))
    with world.database.transaction(commit=False) as transaction:
        rows = sample_rows(transaction, "community.mee6_leaderboard_snapshot", None)["rows"]
    said = rows.records[0].data["member_id"]
    assert said == "?img?src…", "no part that an erasure would not find"


def test_a_few_rows_are_counted_and_many_are_estimated(world: World) -> None:
    world.execute(
        "INSERT INTO quiz.streak_evaluations SELECT 'u' || n, '2026-03-04', 'broken', 1, 0, now(), 'r' "
        "FROM generate_series(1, 120000) AS n; ANALYZE quiz.streak_evaluations"
    )
    with world.database.transaction(commit=False) as transaction:
        many = count_rows(transaction, "quiz.streak_evaluations")
        none = count_rows(transaction, "quiz.life_regenerations")
        view = count_rows(transaction, "quiz.leaderboard_archive")
        assert count_rows(transaction, "quiz.leaderboard_cache") == {}
        assert column_metadata(transaction, "quiz.leaderboard_cache") == {}
    assert (many["row_count_is"], none["row_count_is"]) == ("the planner's estimate", "exact")
    assert many["dagster/row_count"] == pytest.approx(120_000, rel=0.05)
    assert none["dagster/row_count"] == 0
    assert (view["row_count_is"], view["dagster/row_count"]) == ("exact", 0), "it costs as little"


def test_a_chart_of_four_weeks_is_short_enough_to_be_shown_in_place() -> None:
    days = [DAY - timedelta(days=n) for n in range(200)]
    values = {day: 1_000_000_000 + number**5 for number, day in enumerate(days)}
    chart = draw("members_on_the_monthly_board", DAY, values)["last_weeks"].value
    assert len(chart) < 1000
    assert "members on the monthly board by day, 2026-02-05 to 2026-03-04" in chart
    picture = unquote(chart.partition("data:image/svg+xml,")[2])
    assert picture.count(",") == CHARTED.days + 1
    assert draw("points", DAY, {DAY: 3}) == {}, "a line needs two days"


@pytest.mark.parametrize(("is_level", "expected"), [(False, "5 to 7"), (True, "4 to 7")])
def test_a_chart_of_runs_adds_what_was_done_and_shows_the_last_of_what_there_is(
    is_level: bool, expected: str, world: World
) -> None:
    for moment, lives in [("03 09:00Z", 1), ("03 10:00Z", 4), ("04 09:00Z", 7)]:
        world.execute(
            "INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, "
            "affected_count, duration_ms, details, executed_at, executed_by) VALUES "
            f"('j', '{moment}', '2026-03-{moment}', 'succeeded', TRUE, '', 0, 0, "
            f"""'{{"quiz.life_regenerations": {{"lives": {lives}}}}}', now(), 'test')"""
        )
    step = replace(
        next(s for s in STEPS if s.table == "quiz.life_regenerations"), is_level=is_level
    )
    result = Result(1, details={"status": "fine", "is_it": True, "lives": 7})
    with world.database.transaction(commit=False) as transaction:
        chart = chart_runs(transaction, step, result, NOON)["last_weeks"].value
        assert chart_runs(transaction, step, Result(0), NOON) == {}
    assert f"lives by day, 2026-03-03 to 2026-03-04: {expected}" in chart


def test_a_day_says_what_happened_on_it_or_that_it_was_not_computed() -> None:
    figures = {"points": 12, "xp_gained": 0, "rows": 3, "rows_written": 2}
    result = Result(5, details={"points": 99}, by_day={DAY: figures})
    assert day_metadata(result, DAY) == {
        "points": 12, "xp_gained": 0, "rows_written": 2, "message": "12 points",
        "dagster/partition_row_count": 3,
    }  # fmt: skip
    beyond = day_metadata(result, DAY + timedelta(days=1))
    assert list(beyond) == ["message"]
    assert "not computed" in beyond["message"]


def test_what_is_filled_in_in_the_launchpad_opens_valid_and_is_refused_as_it_is(
    world: World, instance: dg.DagsterInstance
) -> None:
    repository = definitions.defs().get_repository_def()
    asked = [job for job in repository.get_all_jobs() if job.run_config]
    assert {"dry_run"} | {action.name for action in CATALOGUE.actions} == {
        job.name for job in asked
    }
    for job in asked:
        dg.validate_run_config(job, job.run_config)
        if job.name != "dry_run":
            result = job.execute_in_process(instance=instance, raise_on_error=False)
            assert not result.success, job.name


def test_a_dry_run_in_the_ui_says_of_what_it_is(world: World, instance: dg.DagsterInstance) -> None:
    job = definitions.defs().resolve_job_def("dry_run")
    config = {"ops": {"try_steps": {"config": {"job": "session_cleanup"}}}}
    run = job.execute_in_process(instance=instance, run_config=config)
    assert instance.get_run_by_id(run.run_id).tags[DRY_RUN_OF_TAG] == "session_cleanup"


@pytest.mark.parametrize("name", ["session_cleanup", "quiz_streak_update"])
def test_a_run_of_a_schedule_has_no_tag_that_repeats_its_job_or_its_tick(
    name: str, world: World, lasting_instance: dg.DagsterInstance
) -> None:
    tick = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    schedule = definitions.defs().resolve_schedule_def(f"{name}_schedule")
    context = dg.build_schedule_context(instance=lasting_instance, scheduled_execution_time=tick)
    [request] = schedule.evaluate_tick(context).run_requests
    # As the scheduler adds it, where nobody sees it.
    tags = request.tags | {".dagster/scheduled_execution_time": tick.isoformat()}
    job = definitions.defs().resolve_job_def(name)
    run = job.execute_in_process(instance=lasting_instance, tags=tags)
    shown = {
        tag for tag in lasting_instance.get_run_by_id(run.run_id).tags if not tag.startswith(".")
    }
    days = {"dagster/asset_partition_range_start", "dagster/asset_partition_range_end"}
    is_daily = next(job for job in JOBS if job.name == name).is_daily
    assert shown - {"dagster/schedule_name"} == {"dagster/max_runtime"} | (
        days if is_daily else set()
    )
    assert AS_OF_TAG not in shown
    recorded = world.query("SELECT job_name, as_of, state FROM operations.job_executions")
    assert recorded.values.tolist() == [[name, tick, "succeeded"]]
