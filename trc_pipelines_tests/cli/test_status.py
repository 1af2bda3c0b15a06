"""`trc status`, `trc incidents` and `trc jobs`: how everything stands, and what starts it."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trc_pipelines.cli.services import hold_home
from trc_pipelines.monitoring.alerts import Condition, report
from trc_pipelines_tests.cli.test_health import beat, dagster_url  # noqa: F401
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.world import World

# What is tested is the command.
pytestmark = pytest.mark.either
NOW = datetime.now(UTC).replace(microsecond=0)
LINKED = {f"m{i}": 1_000 + i for i in range(7)}


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def community(
    world: World,
    trc: Trc,
    dagster_url: str,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """A community that was read half an hour ago, and a daemon that has just sent a heartbeat."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("DAGSTER_DATABASE_URL", dagster_url)
    monkeypatch.setattr(sys.modules[__name__], "NOW", datetime.now(UTC).replace(microsecond=0))
    beat(dagster_url, 0)
    world.link(LINKED)
    world.sync(NOW - timedelta(minutes=30), dict.fromkeys(LINKED.values(), 1_000))
    return world


def parts(trc: Trc, capsys: pytest.CaptureFixture[str], code: int) -> dict:
    assert trc("status", "--json") == code
    return json.loads(capsys.readouterr().out)["parts"]


def test_where_all_is_well_each_part_is_a_line(
    trc: Trc, community: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc("status") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "all is well"
    assert [line.split("  ")[1] for line in lines] == [
        "services", "database", "schema", "jobs", "outbox", "incidents", "last sync", "snapshots",
        "daemon",
    ]  # fmt: skip
    found = parts(trc, capsys, 0)
    age = found["last sync"]["age_seconds"]
    assert 30 * 60 <= age < 40 * 60
    assert f"{age // 60} minutes ago" in found["last sync"]["message"]
    assert found["services"]["processes"] == []
    with hold_home(tmp_path):
        assert len(parts(trc, capsys, 0)["services"]["processes"]) == 1


def test_what_waits_for_a_person_is_not_well_although_no_restart_mends_it(
    trc: Trc, community: World, capsys: pytest.CaptureFixture[str]
) -> None:
    community.sync(NOW - timedelta(minutes=15), {1_000: 400})
    sync_id = int((NOW - timedelta(minutes=15)).timestamp())
    with community.database.transaction() as transaction:
        report(transaction, Condition("stale", "daily_streaks", "error", "it is late"), NOW)
    assert trc("health") == 1
    assert "daily_streaks stale" in capsys.readouterr().out
    found = parts(trc, capsys, 1)
    assert found["jobs"]["stale"] == ["daily_streaks"]
    assert found["snapshots"]["waiting"] == [sync_id]
    assert set(found["incidents"]["open"]) == {"mee6_sync quarantined", "daily_streaks stale"}
    assert trc("status") == 1
    said = capsys.readouterr().out
    assert said.startswith("not well: 3 of 9 parts\n")
    assert f"! snapshots  for a decision: {sync_id} (trc snapshots show {sync_id})" in said

    assert trc("incidents") == 0
    said = capsys.readouterr().out
    assert f"trc snapshots show {sync_id}" in said
    assert "error: daily_streaks stale, since" in said
    community.execute("UPDATE operations.incidents SET closed_at = now() WHERE kind = 'stale'")
    assert trc("incidents", "--json") == 0
    assert [one["kind"] for one in json.loads(capsys.readouterr().out)] == ["quarantined"]
    assert trc("incidents", "--all", "--json") == 0
    assert [one["kind"] for one in json.loads(capsys.readouterr().out)] == ["quarantined", "stale"]


def test_jobs_are_named_in_60_columns_and_where_nothing_starts_them_that_is_said(
    trc: Trc,
    community: World,
    dagster_url: str,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert trc("jobs") == 0
    said = capsys.readouterr().out
    assert "Nothing starts them" not in said
    assert trc("jobs", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    lines = said.splitlines()
    assert all(len(line) <= 60 for line in lines), said
    assert {line.split()[0] for line in lines[2:-1]} == {job["job"] for job in listed}
    [cache] = [line for line in lines if line.startswith("leaderboard_cache")]
    assert cache.split()[-1] == "off"
    beat(dagster_url, 600)
    assert trc("jobs") == 0
    assert "Nothing starts them: no daemon is running" in capsys.readouterr().out


def test_a_setting_that_changes_what_the_jobs_declare_is_noticed(
    trc: Trc, community: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def cadence_of_cache() -> object:
        assert trc("jobs", "--json") == 0
        return {job["job"]: job["next_run"] for job in json.loads(capsys.readouterr().out)}[
            "leaderboard_cache"
        ]

    assert cadence_of_cache() is None
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    assert cadence_of_cache() is not None


def test_a_job_that_is_switched_off_says_so_and_leaves_no_failure(
    trc: Trc, community: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc("run", "leaderboard_cache", "--dry-run") == 0
    assert "the cache is switched off (REDIS_URL is not set)" in capsys.readouterr().out
    from trc_pipelines.community.steps.leaderboard_cache import leaderboard_cache
    from trc_pipelines.jobs.contract import Job

    results = community.run(Job("leaderboard_cache", "", None, None, [leaderboard_cache]), NOW)
    assert all(result.success and result.skipped for result in results.values())
    states = community.query("SELECT job_name, state FROM operations.job_executions")
    assert ["leaderboard_cache", "skipped"] in states.to_numpy().tolist()
