"""The Dagster UI's own way in: a real code server, webserver and daemon, asked over GraphQL."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import dagster as dg
import numpy as np
import pandas as pd
import pytest
import requests

from trc_pipelines.cli import services
from trc_pipelines.cli.installation import Installation, open_installation, prepare_databases
from trc_pipelines.cli.runs import run_job
from trc_pipelines.cli.services import first_free_port, hold_home, run_services
from trc_pipelines.community.jobs import MEE6_SYNC, RECOMPUTE_DAYS
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job
from trc_pipelines.quiz.jobs import SESSION_CLEANUP
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.house import PATIENCE_SECONDS, QuietServices
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import World, board

# In them a month ends, and several weeks.
DAYS = 40
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
FIRST = TODAY - timedelta(days=DAYS)
TABLES = ["daily_points", "daily_streaks", "leaderboard_rankings"]
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


@dataclass
class Served:
    """A world whose days nobody has computed, with services that run, and a second UI to look at.

    Attributes:
        day_by_day: what is in the tables when each day was computed by a run of its own.
    """

    world: World
    installation: Installation
    day_by_day: dict[str, list[dict]]
    url: str
    read_only_url: str


@pytest.fixture(scope="module")
def served(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    url = create_database(servers[18])
    with pytest.MonkeyPatch.context() as environment, Simulator(board({})) as simulator:
        for name, value in {
            "TRC_HOME": tmp_path_factory.mktemp("ui") / "home",
            "DATABASE_URL": url,
            "MEE6_SYNC_ENABLED": "false",
            "COMMUNITY_START_ON": FIRST.date(),
        }.items():
            environment.setenv(name, str(value))
        with open_installation(begins=True) as installation:
            prepare_databases(installation)
            world = World(PooledDatabase(url), installation.settings, simulator)
            earn_points(world)
            day_by_day = compute_day_by_day(world)
            home, port, second = (
                installation.settings.trc_home, first_free_port(0), first_free_port(0),
            )  # fmt: skip
            with (
                patch.object(services, "Services", QuietServices),
                hold_home(home) as lock,
                run_services(home, lock, installation.environment, port, read_only_port=second),
            ):
                urls = [f"http://127.0.0.1:{one}" for one in (port, second)]
                yield Served(world, installation, day_by_day, *urls)


def earn_points(world: World) -> None:
    """Twenty members who now and then earn points in the app, and no Discord sync."""
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


def compute_day_by_day(world: World) -> dict[str, list[dict]]:
    """Compute each day in a run of its own, and forget it again; what was there."""
    for step in STEPS:
        job = Job("by_hand", "", "", timedelta(), [step], lambda *_: (TODAY, TODAY))
        for day in pd.date_range(FIRST, periods=DAYS).date:
            world.run(job, TODAY, days=(day, day))
    found = contents(world)
    assert all(found.values())
    world.execute("TRUNCATE community.daily_points, community.daily_streaks")
    world.execute("TRUNCATE community.ranking_pages, community.days")
    return found


def contents(world: World) -> dict[str, list[dict]]:
    until = f"WHERE day < '{TODAY.date()}' ORDER BY 1, 2, 3"
    return {
        table: world.query(f"SELECT * FROM community.{table} {until}").to_dict("records")
        for table in TABLES
    }


def test_a_backfill_of_forty_days_is_one_run_and_equals_day_by_day_runs(served: Served) -> None:
    world = served.world
    assert backfill(served.url, "daily_points", "leaderboard_rankings") == ["SUCCESS"]
    assert backfill(served.url, "daily_streaks") == ["SUCCESS"]
    shown = {table: shown_by_day(table) for table in FIGURES}
    assert contents(world) == served.day_by_day
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
        asked = {"query": query, "variables": variables}
        return next(iter(post(url, asked)["data"].values()))

    launched = ask(
        BACKFILL,
        assets=[{"path": ["community", table]} for table in tables],
        days=[str(day) for day in pd.date_range(FIRST, periods=DAYS).date],
    )
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    for _ in range(600):
        state = ask(STATUS, id=launched["backfillId"])
        if state["status"] not in ("REQUESTED", "CANCELING"):
            break
        time.sleep(0.5)
    assert state["status"] == "COMPLETED_SUCCESS", state
    return [run["status"] for run in state["runs"]]


def test_a_read_only_webserver_shows_everything_and_changes_nothing(served: Served) -> None:
    url = served.read_only_url
    by_hand = run_job(served.installation, SESSION_CLEANUP, datetime.now(UTC))
    # By these the timeline and the page of the job find a run.
    label = "__repository__@trc_pipelines"
    asked = {"query": RUNS, "variables": {"label": label, "job": "session_cleanup"}}
    runs = post(url, asked)["data"]["runsOrError"]["results"]
    [run] = [run for run in runs if run["runId"] == by_hand.run_id]
    assert run["status"] == "SUCCESS"
    assert by_hand.messages == {"quiz.quiz_sessions": "nothing to do"}
    assert run["repositoryOrigin"] == {
        "repositoryName": "__repository__", "repositoryLocationName": "trc_pipelines",
    }  # fmt: skip
    jobs = post(url, {"query": JOBS})
    names = {job["name"] for job in jobs["data"]["repositoryOrError"]["jobs"]}
    assert {"mee6_sync", "review_snapshot", "housekeeping"} <= names
    asked = {"query": BACKFILL, "variables": {
        "assets": [{"path": ["community", "daily_points"]}], "days": [str(FIRST.date())],
    }}  # fmt: skip
    refused = post(url, asked)
    assert refused["data"]["launchPartitionBackfill"]["__typename"] == "UnauthorizedError"
    assert requests.get(f"{url}/runs", timeout=PATIENCE_SECONDS).status_code == 200


def post(url: str, asked: dict) -> dict:
    """What a UI answers."""
    return requests.post(f"{url}/graphql", json=asked, timeout=PATIENCE_SECONDS).json()
