"""`trc capacity`: what is used, and what ends first."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from trc_pipelines.cli.capacity import describe_job, describe_table, find_limits, share_of_domains
from trc_pipelines_tests.catalogue import JOBS
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.world import World

# What is tested is the command; its statements are of catalogues that every version has.
pytestmark = pytest.mark.either
NOW = datetime.now(UTC).replace(microsecond=0)
KNOWN = {job.name: job for job in JOBS}
RUN = {
    "runs": 3,
    "median_seconds": 5.0,
    "longest_seconds": 9.0,
    "busy_seconds": 18.0,
    "known_seconds": 3600.0,
}


def test_the_longest_run_is_held_against_the_time_between_two_ticks() -> None:
    assert describe_job(RUN, KNOWN["mee6_sync"], NOW)["share"] == pytest.approx(0.01)
    assert describe_job(RUN, KNOWN["daily_streaks"], NOW)["share"] == pytest.approx(9 / 86_400)
    assert describe_job(RUN, KNOWN["recompute_days"], NOW)["share"] is None


def test_a_run_is_busy_for_every_domain_it_holds_and_what_is_no_job_any_more_for_none() -> None:
    rows = [RUN | {"job_name": name} for name in ("mee6_sync", "leaderboard_recalculation", "gone")]
    assert share_of_domains(rows, KNOWN) == {
        "community": pytest.approx(0.01),
        "quiz": pytest.approx(0.005),
    }


def test_what_is_used_most_ends_first_and_what_is_unused_never() -> None:
    jobs = [{"job": "mee6_sync", "share": 0.02}, {"job": "recompute_days", "share": None}]
    server = {"connections": 10, "most_connections": 100}
    limits = find_limits(jobs, {"community": 0.04, "quiz": 0.0}, server)
    assert [(limit["what"].split(":")[0], round(limit["times"])) for limit in limits] == [
        ("connections of the server", 10), ("community", 25), ("mee6_sync", 50),
    ]  # fmt: skip


def test_a_table_grows_by_its_rows_and_one_that_shrinks_by_nothing() -> None:
    table = {"relation": "x", "rows": 1_000, "bytes": 100_000, "rows_a_day": 50.0}
    assert describe_table(table)["bytes_a_day"] == 5_000
    assert describe_table(table | {"rows_a_day": -50.0})["bytes_a_day"] == 0
    assert describe_table(table | {"rows": 0})["bytes_a_day"] == 0


def test_the_command_says_what_ends_first_for_people_and_for_machines(
    trc: Trc, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("DOMAINS", "community")
    assert trc("capacity") == 0
    assert "No job has run yet" in capsys.readouterr().out
    world.link({"ann": 1001})
    for slot in (2, 1):
        world.sync(NOW - slot * timedelta(minutes=15), {1001: 1_000 - slot})
    assert trc("capacity") == 0
    said = capsys.readouterr().out
    assert "mee6_sync" in said
    assert "Ends at " in said
    assert trc("capacity", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    [job] = found["jobs"]
    assert (job["job"], job["runs"], job["cadence"]) == ("mee6_sync", 2, "*/15 * * * *")
    assert 0 < job["median_seconds"] <= job["longest_seconds"]
    relations = {table["relation"] for table in found["tables"]}
    # A partitioned table is one.
    assert {"community.mee6_leaderboard_snapshot", "operations.job_executions"} <= relations
    assert found["server"]["connections"] >= 1
    assert [limit["times"] for limit in found["limits"]] == sorted(
        limit["times"] for limit in found["limits"]
    )
