"""The Dagster UI's own way in: a real code server, webserver and daemon, asked over GraphQL."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import requests

from trc_pipelines.cli.installation import open_installation, prepare_databases
from trc_pipelines.cli.runs import run_job
from trc_pipelines.cli.services import first_free_port, hold_home, run_services
from trc_pipelines.community.jobs import MEE6_SYNC, RECOMPUTE_DAYS
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job
from trc_pipelines.quiz.jobs import SESSION_CLEANUP
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import World, board

DAYS = 60
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=DAYS)
TABLES = ["daily_points", "daily_streaks", "leaderboard_rankings"]
# Dagster's own, which looks at backfills twice a minute.
IMPATIENT_DAEMON = """
from dagster._daemon import controller
controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
from dagster._daemon.cli import main
main()
"""
STEPS = RECOMPUTE_DAYS.steps
BACKFILL = """
mutation ($assets: [AssetKeyInput!], $days: [String!]) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $days}) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
JOBS = """{
  repositoryOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "trc_pipelines"
  }) { ... on Repository { jobs { name } } }
}"""
RUNS = """
query ($label: String!, $job: String!) {
  runsOrError(filter: {pipelineName: $job, tags: [{key: ".dagster/repository", value: $label}]}) {
    ... on Runs {
      results { runId status repositoryOrigin { repositoryName repositoryLocationName } }
    }
  }
}"""
STATUS = """
query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status error { message } runs { status } }
  }
}"""


@pytest.fixture
def two_months(
    servers: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Twenty members who now and then earn points in the app, and no Discord sync."""
    url = create_database(servers[18])
    for name, value in {
        "TRC_HOME": tmp_path / "home",
        "DATABASE_URL": url,
        "MEE6_SYNC_ENABLED": "false",
        "COMMUNITY_START_ON": FIRST.date(),
    }.items():
        monkeypatch.setenv(name, str(value))
    with open_installation(begins=True) as installation, Simulator(board({})) as simulator:
        world = World(PooledDatabase(url), installation.settings, simulator)
        world.link({f"m{i:02}": 1_000 + i for i in range(20)})
        rng = np.random.default_rng(7)
        is_active = rng.random((20, DAYS)) < rng.random((20, 1))
        member, day = np.nonzero(is_active)
        with world.database.transaction() as transaction:
            transaction.append(
                "community.point_transactions",
                pd.DataFrame(
                    {
                        "member_id": [f"m{i:02}" for i in member],
                        "action": "resource_download",
                        "points": rng.integers(1, 50, len(member)),
                        "created_at": FIRST + pd.to_timedelta(day * 24 + 9, unit="h"),
                    }
                ),
            )
        world.run(MEE6_SYNC, TODAY)
        yield world


def contents(world: World) -> dict[str, list[dict]]:
    until = f"WHERE day < '{TODAY.date()}' ORDER BY 1, 2, 3"
    return {
        table: world.query(f"SELECT * FROM community.{table} {until}").to_dict("records")
        for table in TABLES
    }


def test_a_backfill_of_60_days_is_one_run_and_equals_day_by_day_runs(two_months: World) -> None:
    world = two_months
    for step in STEPS:
        job = Job("by_hand", "", "", timedelta(), [step], lambda *_: (TODAY, TODAY))
        for day in pd.date_range(FIRST, periods=DAYS).date:
            world.run(job, TODAY, days=(day, day))
    day_by_day = contents(world)
    assert all(day_by_day.values())
    world.execute("TRUNCATE community.daily_points, community.daily_streaks")
    world.execute("TRUNCATE community.ranking_pages, community.days")

    with open_installation(begins=True) as installation:
        prepare_databases(installation)
        home, port = installation.settings.trc_home, first_free_port(0)
        with (
            hold_home(home) as lock,
            run_services(home, lock, installation.environment, port) as services,
        ):
            daemon = services._processes["daemon"]
            daemon.terminate()
            daemon.wait()
            services.start(
                "impatient daemon", "python", "-c", IMPATIENT_DAEMON,
                "run", "-w", str(PROJECT_ROOT / "workspace.yaml"),
            )  # fmt: skip
            url = f"http://127.0.0.1:{port}/graphql"
            assert backfill(url, "daily_points", "leaderboard_rankings") == ["SUCCESS"]
            assert backfill(url, "daily_streaks") == ["SUCCESS"]
            shown = {table: shown_by_day(table) for table in FIGURES}
    assert contents(world) == day_by_day
    for table, figures in FIGURES.items():
        expected = world.query(f"SELECT day, {figures} FROM community.{table} GROUP BY day")
        expected = expected.set_index(expected.pop("day").astype(str))
        assert len(shown[table]) == DAYS
        for day, metadata in shown[table].items():
            told = expected.reindex([day], fill_value=0).to_dict("records")[0]
            assert {name: metadata[name] for name in told} == told, (table, day)
            assert all(type(metadata[name]) is int for name in told)
        messages = [metadata["message"] for metadata in shown[table].values()]
        assert len(set(messages)) > DAYS / 3, "of each day its own; boards of few members repeat"
        last = list(shown[table].values())[-1]
        assert len(last["rows"].records) == 10
        counted = [metadata.get("dagster/row_count") for metadata in shown[table].values()]
        total = world.query(f"SELECT count(*) AS n FROM community.{table}")["n"].iat[0]
        assert counted == [None] * (DAYS - 1) + [total], "of the table, and not of a day"
        assert "data:image/svg+xml" in last["last_weeks"]


# Of each table: what its partitions show, counted from its rows.
FIGURES = {
    "daily_points": 'count(*) AS "dagster/partition_row_count", count(*) AS rows_written, '
    "count(*) FILTER (WHERE is_active) AS active_members, sum(points)::bigint AS points, "
    "sum(xp_gained)::bigint AS xp_gained",
    "daily_streaks": 'count(*) AS "dagster/partition_row_count", count(*) AS rows_written, '
    "count(*) FILTER (WHERE current_streak > 0) AS streaks_standing, "
    "max(current_streak) AS weekdays_of_the_longest, "
    "count(*) FILTER (WHERE NOT is_active AND current_streak = 0) AS streaks_broken, "
    "count(*) FILTER (WHERE is_active AND extract(ISODOW FROM day) < 6) AS streaks_extended",
    "leaderboard_rankings": 'count(*) AS "dagster/partition_row_count", '
    "count(*) AS rows_written, "
    "count(*) FILTER (WHERE board = 'global') AS members_on_the_global_board, "
    "count(*) FILTER (WHERE board = 'weekly') AS members_on_the_weekly_board, "
    "count(*) FILTER (WHERE board = 'monthly') AS members_on_the_monthly_board",
}


def shown_by_day(table: str) -> dict[str, dict]:
    """What the instance has of each partition of a table, by the day."""
    with dg.DagsterInstance.get() as instance:
        key = dg.AssetKey(["community", table])
        records = instance.fetch_materializations(key, limit=DAYS).records
        events = [record.asset_materialization for record in records]
    shown = {
        event.partition: {name: value.value for name, value in event.metadata.items()}
        for event in events
    }
    return dict(sorted(shown.items()))


def backfill(url: str, *tables: str) -> list[str]:
    """Launch the backfill as the UI does and wait for its end; statuses of its runs."""

    def ask(query: str, **variables: object) -> dict:
        answer = requests.post(url, json={"query": query, "variables": variables}, timeout=30)
        return next(iter(answer.json()["data"].values()))

    launched = ask(
        BACKFILL,
        assets=[{"path": ["community", table]} for table in tables],
        days=[str(day) for day in pd.date_range(FIRST, periods=DAYS).date],
    )
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    for _ in range(240):
        state = ask(STATUS, id=launched["backfillId"])
        if state["status"] not in ("REQUESTED", "CANCELING"):
            break
        time.sleep(0.5)
    assert state["status"] == "COMPLETED_SUCCESS", state
    return [run["status"] for run in state["runs"]]


def test_a_read_only_webserver_shows_everything_and_changes_nothing(two_months: World) -> None:
    """As docs/operators.md starts it: beside the other, on the same instance."""
    with open_installation(begins=True) as installation:
        prepare_databases(installation)
        home, port, second = installation.settings.trc_home, first_free_port(0), first_free_port(0)
        with (
            hold_home(home) as lock,
            run_services(home, lock, installation.environment, port) as services,
        ):
            services.start(
                "read-only webserver", "dagster-webserver", "--read-only", "-h", "127.0.0.1",
                "-p", str(second), "-w", str(PROJECT_ROOT / "workspace.yaml"),
            )  # fmt: skip
            url = f"http://127.0.0.1:{second}/graphql"
            services.wait_until(lambda: _answers(url), "read-only webserver")
            by_hand = run_job(installation, SESSION_CLEANUP, datetime.now(UTC))
            # By these the timeline and the page of the job find a run.
            label = "__repository__@trc_pipelines"
            asked = {"query": RUNS, "variables": {"label": label, "job": "session_cleanup"}}
            runs = requests.post(url, json=asked, timeout=30).json()["data"]["runsOrError"]
            [run] = runs["results"]
            assert (run["runId"], run["status"]) == (by_hand.run_id, "SUCCESS")
            assert by_hand.messages == {"quiz.quiz_sessions": "nothing to do"}
            assert run["repositoryOrigin"] == {
                "repositoryName": "__repository__", "repositoryLocationName": "trc_pipelines",
            }  # fmt: skip
            jobs = requests.post(url, json={"query": JOBS}, timeout=30).json()
            names = {job["name"] for job in jobs["data"]["repositoryOrError"]["jobs"]}
            assert {"mee6_sync", "review_snapshot", "housekeeping"} <= names
            asked = {"query": BACKFILL, "variables": {
                "assets": [{"path": ["community", "daily_points"]}], "days": [str(FIRST.date())],
            }}  # fmt: skip
            refused = requests.post(url, json=asked, timeout=30).json()
            assert refused["data"]["launchPartitionBackfill"]["__typename"] == "UnauthorizedError"
            assert requests.get(f"http://127.0.0.1:{second}/runs", timeout=30).status_code == 200


def _answers(url: str) -> bool:
    try:
        answer = requests.post(url, json={"query": JOBS}, timeout=10)
    except requests.ConnectionError:
        return False
    return "review_snapshot" in answer.text
