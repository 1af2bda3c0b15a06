"""What has grown old goes, at its age and not before; what somebody still needs stays."""

import os
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from dagster import AssetCheckKey, AssetKey, DagsterRunStatus, RunsFilter
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from trc_pipelines import definitions
from trc_pipelines.betting.retention import TARGETS as BETTING_TARGETS
from trc_pipelines.community.retention import TARGETS as COMMUNITY_TARGETS
from trc_pipelines.community.reviews import review_sync
from trc_pipelines.database.locate import locate_dagster_database
from trc_pipelines.database.migrations import create_engine, ensure_database
from trc_pipelines.jobs.contract import Result
from trc_pipelines.jobs.orchestration import asset_key, connected, daily_partitions, day_range_tags
from trc_pipelines.monitoring.housekeeping import DAGSTER_TARGETS, TARGETS
from trc_pipelines.quiz.retention import TARGETS as QUIZ_TARGETS
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.catalogue import CHECKS, HOUSEKEEPING, STEPS
from trc_pipelines_tests.databases import remove_database
from trc_pipelines_tests.servers import create_database, once, with_database
from trc_pipelines_tests.world import NOON, QUARTER, World

PURGES = "operations.purges"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.date()
DAYS_PLAYED = 4
FIRST = TODAY - DAY * (DAYS_PLAYED - 1)


def keep(world: World, as_of: datetime = NOON, **options: object) -> Result:
    return world.run(HOUSEKEEPING, as_of, **options)[PURGES]


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Rows of every table and a digest of them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = connection.execute(
            sa.text(
                "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n "
                "ON c.relnamespace = n.oid WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' "
                "AND n.nspname NOT IN ('information_schema', 'seed')"
            )
        ).scalars()
        found = {
            name: tuple(
                connection.execute(
                    sa.text(
                        "SELECT count(*), md5(coalesce(string_agg(t::text, '' ORDER BY t::text), ''))"
                        f" FROM {name} AS t"
                    )
                ).one()
            )
            for name in names.all()
        }
    engine.dispose()
    return found


def change(url: str, *statements: str) -> list[int]:
    """Run statements in one transaction; how many rows each touched."""
    engine = create_engine(url)
    with engine.begin() as connection:
        counts = [
            connection.exec_driver_sql(sql, execution_options={"no_parameters": True}).rowcount
            for sql in statements
        ]
    engine.dispose()
    return counts


def rows(world: World, table: str) -> int:
    return int(world.query(f"SELECT count(*) AS n FROM {table}")["n"].iat[0])


# Our own tables.
TARGETS_OF_DOMAINS = [*COMMUNITY_TARGETS, *QUIZ_TARGETS, *BETTING_TARGETS]

EXECUTION = (
    "INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, "
    "affected_count, duration_ms, details, executed_at, executed_by) SELECT '{job}', "
    "gen_random_uuid()::text, '{moment}', s.state, s.state = 'succeeded', '', 0, 0, '{{}}', "
    "'{moment}', 'test' FROM unnest(ARRAY['succeeded', 'failed']) AS s (state)"
)
ALERT = (
    "INSERT INTO operations.alerts (dedupe_key, severity, title, body, is_for_people, created_at) "
    "VALUES (gen_random_uuid()::text, 'info', '', '', TRUE, '{moment}'); "
    "INSERT INTO operations.alert_deliveries (alert_id, channel, attempts, delivered_at) "
    "SELECT max(alert_id), 'sentry', 1, '{moment}' FROM operations.alerts"
)
INCIDENT = (
    "INSERT INTO operations.incidents (kind, subject, severity, message, opened_at, seen_at, "
    "reminded_at, closed_at) VALUES (gen_random_uuid()::text, 'job', 'error', '', "
    "'{moment}', '{moment}', '{moment}', '{moment}')"
)
EVENT = (
    "INSERT INTO operations.domain_events (epoch, event_type, dedupe_key, payload, occurred_at, "
    "recorded_at, run_id) VALUES (0, 'x', gen_random_uuid()::text, '{{}}', '{moment}', '{moment}', '')"
)
PURGE = "INSERT INTO operations.purges VALUES (gen_random_uuid()::text, 'x', 0, '{moment}')"
BLOCK = (
    "INSERT INTO community.mee6_blocks VALUES ('{moment}'::timestamptz - interval '1 hour', "
    "'{moment}')"
)
LIFE = "INSERT INTO quiz.life_regenerations VALUES (gen_random_uuid(), '{moment}', 1, 1, 'r')"
EXPIRATION = (
    "INSERT INTO betting.content_expirations VALUES ('r', 'post', 'expired', 1, '{moment}')"
)
CLEANUP = "INSERT INTO betting.cleanups VALUES ('r', 'reactions', 1, '{moment}')"
# Statement, days, rows it makes.
COUNTED_XP = (
    "INSERT INTO leaderboards.closed_periods "
    "(domain, board, period_start, period_end, period, members, run_id, closed_at) "
    "VALUES ('quiz', 'weekly', '2025-12-29', '2026-01-05', '2026-W01', 1, 'r', '{moment}'); "
    "INSERT INTO quiz.counted_xp VALUES ('weekly', '2025-12-29', 'bob', 1, 5, NULL)"
)
AGES = {
    "job_executions": (EXECUTION.replace("{job}", "a"), 30, 2),
    "alerts": (ALERT, 30, 1),
    "incidents": (INCIDENT, 90, 1),
    "domain_events": (EVENT, 90, 1),
    "purges": (PURGE, 365, 1),
    "mee6_blocks": (BLOCK, 90, 1),
    "life_regenerations": (LIFE, 30, 1),
    "counted_xp": (COUNTED_XP, 40, 1),
    "content_expirations": (EXPIRATION, 365, 1),
    "cleanups": (CLEANUP, 365, 1),
}


@pytest.mark.parametrize("target", AGES)
def test_rows_go_at_their_age_and_not_before(world: World, target: str) -> None:
    statement, days, rows = AGES[target]
    world.execute(EXECUTION.format(job="a", moment=NOON))
    world.execute(statement.format(moment=NOON - days * DAY))
    assert keep(world).details[target] == 0
    again = keep(world, NOON + SECOND)
    assert again.details[target] == rows
    assert again.success
    assert keep(world, NOON + SECOND).affected == 0


def test_every_target_of_ours_has_its_age_tested() -> None:
    ours = {target.name for target in [*TARGETS, *TARGETS_OF_DOMAINS]}
    # Of readings the age is tested below, of boards in community/test_boards.py.
    assert ours == {*AGES, "snapshot_days", "ranks"}


def test_the_last_success_and_the_last_failure_of_a_job_stay(world: World) -> None:
    year_ago = NOON - 365 * DAY
    for job, moments in {"a": [year_ago, year_ago - DAY], "b": [year_ago - DAY]}.items():
        for moment in moments:
            world.execute(EXECUTION.format(job=job, moment=moment))
    assert keep(world).details["job_executions"] == 2
    left = world.query(
        "SELECT job_name, state, executed_at FROM operations.job_executions "
        "WHERE job_name <> 'housekeeping' ORDER BY 1, 2"
    )
    assert list(left.itertuples(index=False, name=None)) == [
        ("a", "failed", year_ago), ("a", "succeeded", year_ago),
        ("b", "failed", year_ago - DAY), ("b", "succeeded", year_ago - DAY),
    ]  # fmt: skip


def test_an_open_incident_stays_and_deliveries_go_with_their_alert(world: World) -> None:
    old = NOON - 400 * DAY
    world.execute(INCIDENT.format(moment=old))
    world.execute("UPDATE operations.incidents SET closed_at = NULL")
    world.execute(ALERT.format(moment=old))
    keep(world)
    assert rows(world, "operations.incidents") == 1
    assert rows(world, "operations.alert_deliveries") == 0


def test_the_settings_say_how_long(world: World) -> None:
    world.settings = world.settings.model_copy(
        update={"history_retention_days": 100, "snapshot_retention_days": 3}
    )
    world.execute(ALERT.format(moment=NOON - 97 * DAY))
    world.execute(INCIDENT.format(moment=NOON - 97 * DAY))
    two_syncs(world)
    assert keep(world, NOON + 3 * DAY).affected == 0
    assert keep(world, NOON + 4 * DAY).details["snapshot_days"] == 1
    assert keep(world, NOON + 4 * DAY).affected == 0
    assert rows(world, "operations.alerts") == 0
    assert rows(world, "operations.incidents") == 0


# Readings.


def snapshot_days(world: World) -> list[str]:
    return world.query(
        "SELECT right(inhrelid::regclass::text, 8) AS day FROM pg_inherits "
        "WHERE inhparent = 'community.mee6_leaderboard_snapshot'::regclass ORDER BY 1"
    )["day"].tolist()


def two_syncs(world: World) -> None:
    """One accepted on the day of NOON, one on the next."""
    world.link({"ann": 1001, "bob": 1002})
    world.sync(NOON, {1001: 1000, 1002: 1000})
    world.sync(NOON + DAY, {1001: 1500, 1002: 1000})


def test_readings_go_by_whole_days(world: World) -> None:
    two_syncs(world)
    midnight = NOON.replace(hour=0) + 15 * DAY
    assert keep(world, midnight - SECOND).details["snapshot_days"] == 0
    assert keep(world, midnight).details["snapshot_days"] == 1
    assert snapshot_days(world) == ["20260305"]
    assert world.points() == {"ann": 5}
    world.sync(NOON + 20 * DAY, {1001: 1700, 1002: 1000})
    assert world.points() == {"ann": 7}


def test_a_reading_that_waits_for_a_person_stays_until_the_decision(world: World) -> None:
    two_syncs(world)
    world.sync(NOON + 2 * DAY, {1001: 0, 1002: 0})
    late = NOON + 100 * DAY
    assert keep(world, late).details["snapshot_days"] == 2
    assert snapshot_days(world) == ["20260306"]
    with world.database.transaction() as transaction:
        sync_id = int((NOON + 2 * DAY).timestamp())
        review_sync(transaction, sync_id, "discard", reason="a reset", reviewed_by="cli", now=late)
    assert keep(world, late).details["snapshot_days"] == 1
    assert snapshot_days(world) == []


def test_who_reads_the_snapshots_keeps_them_and_nothing_else(world: World) -> None:
    two_syncs(world)
    world.execute(ALERT.format(moment=NOON))
    world.database = replace(world.database, lock_timeout_seconds=0.3)
    late = NOON + 40 * DAY
    engine = create_engine(world.database.url)
    with engine.begin() as reader:
        reader.execute(sa.text("SELECT count(*) FROM community.mee6_leaderboard_snapshot"))
        result = keep(world, late)
    engine.dispose()
    assert not result.success
    assert "not removed: snapshot_days (community/purge_snapshots: " in result.message
    assert "lock timeout" in result.message
    assert result.details["alerts"] == 1
    assert rows(world, "operations.alerts") == 0
    assert len(snapshot_days(world)) == 2
    told = world.query("SELECT target FROM operations.purges")["target"].tolist()
    assert "alerts" in told
    assert "snapshot_days" not in told
    recorded = world.query("SELECT state, message FROM operations.job_executions")
    assert ("failed", result.message) in recorded.itertuples(index=False, name=None)
    again = keep(world, late)
    assert (again.success, again.affected) == (True, 2)


def test_two_runs_at_once_remove_once(world: World) -> None:
    two_syncs(world)
    for _ in range(3):
        world.execute(ALERT.format(moment=NOON))
    results: list[Result] = []
    threads = [
        threading.Thread(target=lambda: results.append(keep(world, NOON + 40 * DAY)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.affected for result in results) == [0, 0, 5]
    assert world.query(f"SELECT sum(removed_count)::int AS n FROM {PURGES}")["n"].iat[0] == 5


def test_a_step_done_twice_under_one_run_id_adds_up(world: World) -> None:
    for _ in range(2):
        with world.database.transaction() as transaction:
            transaction.execute(
                "monitoring/upsert_purge",
                run_id="run",
                target="alerts",
                removed_count=2,
                as_of=NOON,
            )
    assert world.query(f"SELECT removed_count FROM {PURGES}")["removed_count"].tolist() == [4]


def test_a_limit_counts_targets(world: World) -> None:
    for statement, _days, _rows in AGES.values():
        world.execute(statement.format(moment=NOON - 400 * DAY))
    assert list(keep(world, limit=7).details) == ["dagster_run_files", "job_executions", "alerts"]


def test_what_runs_printed_goes_with_them(world: World) -> None:
    storage = world.settings.trc_home / "dagster" / "storage"
    old, young, other = (storage / name for name in (str(uuid.uuid4()), str(uuid.uuid4()), "io"))
    for folder, moment in {
        old: NOON - 30 * DAY - SECOND, young: NOON - 30 * DAY, other: NOON - 99 * DAY
    }.items():  # fmt: skip
        (folder / "compute_logs").mkdir(parents=True)
        (folder / "compute_logs" / "x.err").write_text("said")
        os.utime(folder, (moment.timestamp(),) * 2)
    assert keep(world, dry_run=True).details["dagster_run_files"] == 1
    assert old.exists()
    assert keep(world).details["dagster_run_files"] == 1
    assert sorted(storage.iterdir()) == sorted([young, other])


# Dagster's own database.

# What is tested is which rows stay: each of these runs all statements, on one version or the other.
of_dagster = pytest.mark.either


@contextmanager
def open_instance(url: str) -> Iterator[dg.DagsterInstance]:
    config = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_POSTGRES_URL", url)
        with dg.instance_for_test(overrides={"storage": config["storage"]}) as instance:
            yield instance


def run(instance: dg.DagsterInstance, job: str, **tags: str) -> dg.ExecuteInProcessResult:
    return (
        definitions.defs()
        .resolve_job_def(job)
        .execute_in_process(instance=instance, tags=tags, raise_on_error=False)
    )


@contextmanager
def assets_write_to(url: str, *, is_sync_enabled: bool = False) -> Iterator[None]:
    """Steps that Dagster runs in this process work on that database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        patch.setenv("MEE6_SYNC_ENABLED", str(is_sync_enabled))
        connected.cache_clear()
        yield
    connected.cache_clear()


@pytest.fixture(scope="module")
def play(servers: dict[int, str], shared_folder: Path) -> Callable[[int], str]:
    """Name of a pair of templates in which real runs were executed: ours, and Dagster's."""

    def play_once(version: int) -> str:
        def make() -> None:
            ours = with_database(servers[version], "played")
            change_databases(servers[version], "CREATE DATABASE played TEMPLATE migrated")
            theirs = with_database(ours, "played_dagster").replace(
                "postgresql:", "postgresql+psycopg2:"
            )
            ensure_database(theirs)
            with open_instance(theirs) as instance:
                with assets_write_to(ours, is_sync_enabled=True):
                    # It is told no guild.
                    assert not run(instance, "mee6_sync", **day_range_tags(TODAY, TODAY)).success
                with assets_write_to(ours):
                    for _ in range(2):
                        days = day_range_tags(FIRST, TODAY)
                        assert run(instance, "recompute_days", **days).success
                        assert run(instance, "mee6_sync", **day_range_tags(TODAY, TODAY)).success
                        assert run(instance, "verification").success

        once(shared_folder / f"{version}.played", make)
        return "played"

    return play_once


def change_databases(server_url: str, statement: str) -> None:
    engine = create_engine(server_url, database="postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture
def house(
    world: World,
    play: Callable[[int], str],
    servers: dict[int, str],
    request: pytest.FixtureRequest,
) -> Iterator[World]:
    """A community whose Dagster has run its jobs a few times, today."""
    version = request.node.callspec.params["database_url"]
    template = play(version)
    url = create_database(servers[version], template)
    name = sa.make_url(url).database
    change_databases(
        servers[version], f"CREATE DATABASE {name}_dagster TEMPLATE {template}_dagster"
    )
    world.database = replace(world.database, url=url)
    world.settings = world.settings.model_copy(update={"database_url": url})
    yield world
    remove_database(dagster_url(world))
    remove_database(url)


def dagster_url(world: World) -> str:
    return locate_dagster_database(world.settings, world.database)


def make_older(world: World, days: int) -> None:
    """Dagster's runs and events happened so many days ago."""
    change(
        dagster_url(world),
        f"UPDATE runs SET create_timestamp = create_timestamp - interval '{days} days', "
        f"update_timestamp = update_timestamp - interval '{days} days'",
        f"UPDATE event_logs SET timestamp = timestamp - interval '{days} days'",
        "UPDATE asset_check_executions SET evaluation_event_timestamp = "
        f"evaluation_event_timestamp - interval '{days} days'",
        f"UPDATE bulk_actions SET timestamp = timestamp - interval '{days} days'",
    )


def count(world: World, table: str) -> int:
    return contents(dagster_url(world))[table][0]


def what_dagster_knows(instance: dg.DagsterInstance) -> dict[str, object]:
    """What asset pages show: partitions, the newest events, the newest verdicts."""
    storage = instance.event_log_storage
    checks = [AssetCheckKey(AssetKey(check.table.split(".")), check.name) for check in CHECKS]
    known: dict[str, object] = {
        "verdicts": storage.get_latest_asset_check_execution_by_key(checks),
        "summaries": storage.get_asset_check_summary_records(checks),
        "assets": set(instance.all_asset_keys()),
    }
    for step in STEPS:
        key = asset_key(step)
        known[step.table] = (
            sorted(instance.get_materialized_partitions(key)),
            instance.get_latest_materialization_event(key),
            storage.get_latest_storage_id_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION
            ),
            storage.get_latest_tags_by_partition(
                key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"]
            ),
            instance.get_latest_data_version_record(key),
            [record.storage_id for record in instance.fetch_materializations(key, limit=1).records],
            storage.get_latest_planned_materialization_info(key),
        )
        days = daily_partitions(FIRST) if step.is_daily else None
        if days is not None:
            status = get_and_update_asset_status_cache_value(instance, key, days)
            # Nothing was ever computed of some domains.
            known[f"{step.table} status"] = status and (
                status.deserialize_materialized_partition_subsets(days),
                status.deserialize_in_progress_partition_subsets(days),
                status.latest_storage_id,
            )
    return known


@of_dagster
def test_dagsters_runs_go_at_their_age_and_what_it_knows_of_assets_stays(house: World) -> None:
    make_older(house, 30)
    assert keep(house, NOW - timedelta(hours=1)).affected == 0
    with open_instance(dagster_url(house)) as instance:
        before = what_dagster_knows(instance)
    change(dagster_url(house), "UPDATE asset_keys SET cached_status_data = NULL")
    runs, events = count(house, "runs"), count(house, "event_logs")
    result = keep(house, NOW + timedelta(hours=1), now=NOW + timedelta(hours=1))
    assert result.success
    assert result.details["dagster_runs"] == runs == 7
    assert count(house, "runs") == count(house, "run_tags") == 0
    # Every partition of every asset once, beside the plan for it: that is what is left.
    left = count(house, "event_logs")
    assert result.details["dagster_events"] == events - left > 200
    assert count(house, "asset_event_tags") == 3 * DAYS_PLAYED + 3
    with open_instance(dagster_url(house)) as instance:
        assert what_dagster_knows(instance) == before
        assert instance.get_runs() == []
        assert instance.get_backfills() == []
        for step in STEPS:
            latest = instance.get_latest_materialization_event(asset_key(step))
            assert latest is None or instance.get_run_by_id(latest.run_id) is None

        # A late materialisation of an old partition is a materialisation like any other.
        with assets_write_to(house.database.url):
            assert run(instance, "recompute_days", **day_range_tags(FIRST, FIRST)).success
        key = AssetKey(["community", "daily_points"])
        assert len(instance.get_materialized_partitions(key)) == DAYS_PLAYED
        newest = instance.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        assert max(newest, key=newest.__getitem__) == FIRST.isoformat()
    # What it replaced: of three assets, the plan and the materialisation.
    again = keep(house, NOW + timedelta(hours=1), now=NOW + timedelta(hours=1))
    assert (again.affected, again.details["dagster_events"]) == (6, 6)


@of_dagster
def test_runs_that_go_on_are_untouched(house: World) -> None:
    make_older(house, 99)
    change(dagster_url(house), "UPDATE runs SET status = 'STARTED' WHERE pipeline_name <> 'x'")
    before = contents(dagster_url(house))
    assert keep(house, NOW).affected == 0
    assert contents(dagster_url(house)) == before


@of_dagster
@pytest.mark.parametrize("status", list(BulkActionStatus))
def test_a_backfill_that_goes_on_is_untouched_with_its_runs(
    house: World, status: BulkActionStatus
) -> None:
    with open_instance(dagster_url(house)) as instance:
        # The second has not begun: it has no runs yet.
        for backfill_id in ("abcdefgh", "ijklmnop"):
            instance.add_backfill(
                PartitionBackfill(
                    backfill_id=backfill_id,
                    status=status,
                    from_failure=False,
                    tags={"a": "b"},
                    backfill_timestamp=NOW.timestamp(),
                    asset_selection=[AssetKey(["community", "daily_points"])],
                    partition_names=[FIRST.isoformat()],
                )
            )
    change(
        dagster_url(house),
        "UPDATE runs SET backfill_id = 'abcdefgh' WHERE pipeline_name = 'recompute_days'",
    )
    make_older(house, 99)
    before = count(house, "event_logs")
    of_backfill = change(
        dagster_url(house),
        "SELECT 1 FROM event_logs JOIN runs USING (run_id) WHERE backfill_id IS NOT NULL",
    )[0]
    keep(house, NOW)
    goes_on = status.value in ("REQUESTED", "CANCELING", "FAILING")
    tables = contents(dagster_url(house))
    assert tables["runs"][0] == (2 if goes_on else 0)
    assert tables["bulk_actions"][0] == tables["backfill_tags"][0] == (2 if goes_on else 0)
    assert of_backfill > 80
    assert tables["event_logs"][0] < before
    with open_instance(dagster_url(house)) as instance:
        assert len(instance.get_backfills()) == (2 if goes_on else 0)
        for record in instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.SUCCESS])):
            said = instance.all_logs(record.dagster_run.run_id)
            assert said[-1].dagster_event.is_job_event
    if goes_on:
        assert (
            of_backfill
            == change(
                dagster_url(house),
                "SELECT 1 FROM event_logs JOIN runs USING (run_id) WHERE backfill_id IS NOT NULL",
            )[0]
        )


@of_dagster
def test_a_verdict_that_is_only_planned_does_not_replace_the_last_one(house: World) -> None:
    with (
        open_instance(dagster_url(house)) as instance,
        assets_write_to(house.database.url, is_sync_enabled=True),
    ):
        assert not run(instance, "mee6_sync", **day_range_tags(TODAY, TODAY)).success
    make_older(house, 99)
    with open_instance(dagster_url(house)) as instance:
        before = what_dagster_knows(instance)
    assert keep(house, NOW).details["dagster_checks"] > 0
    with open_instance(dagster_url(house)) as instance:
        assert what_dagster_knows(instance) == before
    verdicts = len({*CHECKS}) + 1
    assert count(house, "asset_check_executions") == verdicts + 1


@of_dagster
def test_a_dry_run_leaves_both_databases_and_tells_the_same(house: World) -> None:
    make_older(house, 99)
    for statement, _days, _rows in AGES.values():
        house.execute(statement.format(moment=NOW - 400 * DAY))
    before = contents(house.database.url), contents(dagster_url(house))
    rehearsed = keep(house, NOW, dry_run=True)
    assert (contents(house.database.url), contents(dagster_url(house))) == before
    assert rehearsed.affected > 200
    assert keep(house, NOW) == rehearsed
    assert keep(house, NOW).affected == 0


def test_without_dagsters_database_that_part_is_skipped_and_said(world: World) -> None:
    name = sa.make_url(dagster_url(world)).database
    result = keep(world)
    assert result.success
    assert f"skipped: there is no database {name}" in result.message
    ensure_database(dagster_url(world))
    result = keep(world)
    assert result.success
    assert "skipped: Dagster has made no tables" in result.message
    assert not set(result.details) & {target.name for target in DAGSTER_TARGETS}


def test_a_named_dagster_database_that_does_not_answer_fails_its_targets_only(
    world: World,
) -> None:
    world.settings = world.settings.model_copy(
        update={"dagster_database_url": "postgresql://somebody:secret@127.0.0.1:9/dagster"}
    )
    world.execute(ALERT.format(moment=NOON - 40 * DAY))
    result = keep(world)
    assert not result.success
    assert result.details["alerts"] == 1
    for target in DAGSTER_TARGETS:
        assert f"{target.name} (" in result.message
    assert "secret" not in result.message


# A year, day by day.

# Kept for good, because points, streaks and boards are made of them or are in them.
KEPT = {
    "community.accounts", "community.daily_points", "community.daily_streaks", "community.days",
    "community.erasures",
    "community.ranking_pages", "community.ledger_batches", "community.mee6_syncs",
    "community.member_points", "community.members", "community.point_actions",
    "community.point_ledger", "community.point_transactions", "community.posting_cursors",
    "community.xp_deltas", "community.xp_states", "leaderboards.archived_rankings",
    "leaderboards.boards", "leaderboards.closed_periods",
}  # fmt: skip
# Rows of every day, but housekeeping only every tenth: the test has not a year's time. One of twelve
# months of thirty days.
DAYS_PER_RUN, YEAR = 10, 360
# A row per run and target, for a year: full on the last day.
PURGES_A_RUN = 18
# What Dagster knows of a day that was computed: of three assets, that it was planned and came.
EVENTS_OF_A_DAY = {"event_logs": 6, "asset_event_tags": 3}
SEED = ["event_logs", "runs", "run_tags", "asset_event_tags", "asset_check_executions"]
ONE_DAY_OF_DAGSTER = """
    INSERT INTO runs (run_id, snapshot_id, pipeline_name, status, run_body, create_timestamp,
        update_timestamp, backfill_id)
    SELECT run_id || '-{day}', snapshot_id, pipeline_name, status, run_body,
        create_timestamp + interval '{day} days', update_timestamp + interval '{day} days', 'day{day}'
    FROM seed.runs;
    INSERT INTO run_tags (run_id, key, value) SELECT run_id || '-{day}', key, value
    FROM seed.run_tags;
    INSERT INTO event_logs (id, run_id, event, dagster_event_type, timestamp, step_key, asset_key,
        partition)
    SELECT id + {day} * 1000, run_id || '-{day}', event, dagster_event_type,
        timestamp + interval '{day} days', step_key, asset_key, (partition::date + {day})::text
    FROM seed.event_logs;
    INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp)
    SELECT event_id + {day} * 1000, asset_key, key, value, event_timestamp
    FROM seed.asset_event_tags;
    INSERT INTO asset_check_executions (asset_key, check_name, partition, run_id, execution_status,
        evaluation_event, evaluation_event_timestamp, evaluation_event_storage_id)
    SELECT asset_key, check_name, partition, run_id || '-{day}', execution_status,
        evaluation_event, evaluation_event_timestamp + interval '{day} days',
        evaluation_event_storage_id + {day} * 1000
    FROM seed.asset_check_executions;
    INSERT INTO bulk_actions (key, status, timestamp, body)
    SELECT 'day{day}', 'COMPLETED_SUCCESS', max(timestamp) + interval '{day} days', ''
    FROM seed.event_logs;
    INSERT INTO backfill_tags (backfill_id, key, value) VALUES ('day{day}', 'a', 'b')
"""
ONE_DAY_OF_OURS = """
    INSERT INTO community.mee6_syncs (sync_id, synced_at, guild_id, status, started_at, finished_at,
        run_id, deltas_at)
    VALUES (extract(EPOCH FROM '{moment}'::timestamptz), '{moment}', 1, 'accepted', '{moment}',
        '{moment}', '', '{moment}');
    SELECT community.ensure_snapshot_partition('{moment}'::timestamptz::date);
    INSERT INTO community.mee6_leaderboard_snapshot (sync_id, discord_id, member_id, xp, is_present)
    SELECT extract(EPOCH FROM '{moment}'::timestamptz), m, m::text, 0, TRUE
    FROM generate_series(1, 5) AS m
"""


@pytest.mark.parametrize("database_url", [18], indirect=True)
def test_a_year_of_operation_stays_flat(house: World) -> None:
    change(
        dagster_url(house),
        "CREATE SCHEMA seed",
        *[f"CREATE TABLE seed.{table} AS SELECT * FROM {table}" for table in SEED],
        *[f"DELETE FROM {table}" for table in SEED],
    )
    ours, theirs = create_engine(house.database.url), create_engine(dagster_url(house))
    # A busy machine is no reason to fail.
    house.database = replace(house.database, lock_timeout_seconds=30)
    sizes: dict[int, dict[str, int]] = {}
    # What Dagster has is as old as this run of the tests, which may have begun long ago.
    began = datetime.now(UTC).replace(microsecond=0)
    storage = house.settings.trc_home / "dagster" / "storage"
    for day in range(1, YEAR + 1):
        moment = began + day * DAY
        statements = [
            ONE_DAY_OF_OURS,
            EXECUTION.replace("{job}", "a"),
            ALERT,
            INCIDENT,
            EVENT,
            BLOCK,
        ]
        for engine, sql in (
            (ours, "; ".join(statement.format(moment=moment) for statement in statements)),
            (theirs, ONE_DAY_OF_DAGSTER.format(day=day)),
        ):
            with engine.begin() as connection:
                connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
        printed = storage / str(uuid.uuid4())
        printed.mkdir(parents=True)
        os.utime(printed, (moment.timestamp(),) * 2)
        if day % DAYS_PER_RUN:
            continue
        result = keep(house, moment + QUARTER)
        assert result.success, result.message
        # The clock of the database stands still meanwhile: a run is as old as it says.
        with ours.begin() as connection:
            connection.exec_driver_sql(
                "UPDATE operations.job_executions SET executed_at = as_of "
                f"WHERE as_of = '{moment + QUARTER}'"
            )
        if day in (120, YEAR):
            tables = contents(house.database.url) | contents(dagster_url(house))
            sizes[day] = {name: rows for name, (rows, _digest) in tables.items()}
            sizes[day]["files"] = len(list(storage.iterdir()))
    ours.dispose()
    theirs.dispose()
    early, late = sizes[120], sizes[YEAR]
    partitions = [name for name in {*early, *late} if "mee6_leaderboard_snapshot_" in name]
    assert sum(name in early for name in partitions) == sum(name in late for name in partitions)
    grown = {
        name: late[name] - early[name]
        for name in early
        if name not in partitions and late[name] != early[name] and name not in KEPT
    }
    days = YEAR - 120
    assert grown == {
        PURGES: PURGES_A_RUN * days // DAYS_PER_RUN,
        **{table: rows * days for table, rows in EVENTS_OF_A_DAY.items()},
    }
    assert set(early) >= KEPT
    assert early["files"] == early["runs"] / 7 == early["bulk_actions"] == 30


def test_where_others_execute_runs_no_folder_of_a_host_is_looked_into(world: World) -> None:
    elsewhere = {"run_launcher": "celery", "celery_broker_url": "redis://broker"}
    world.settings = world.settings.model_copy(update=elsewhere)
    assert "dagster_run_files" not in keep(world).details
