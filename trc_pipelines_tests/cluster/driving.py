"""Driving an installation as its UI does, and comparing what came of it."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from trc_pipelines_tests.cluster.processes import Installation, Postgres, wait_until
from trc_pipelines_tests.cluster.world import GAMES
from trc_pipelines_tests.house import LAUNCH, TERMINATE

BACKFILL = """mutation ($assets: [AssetKeyInput!], $days: [String!]) {
  launchPartitionBackfill(backfillParams: {assetSelection: $assets, partitionNames: $days}) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
OF_BACKFILL = """query ($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status runs { id } } }
}"""
RUN = """query ($id: ID!) {
  runOrError(runId: $id) { ... on Run { status jobName startTime endTime updateTime } }
}"""
ACTIVE = """{
  runsOrError(filter: {statuses: [QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING]}) {
    ... on Runs { results { id } }
  }
}"""
CLOCKS = """{
  repositoryOrError(repositorySelector: {
    repositoryName: "__repository__", repositoryLocationName: "trc_pipelines"
  }) { ... on Repository {
    schedules { scheduleState { id } }
    sensors { name sensorState { id } }
  } }
}"""
STOP_SCHEDULE = "mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }"
STOP_SENSOR = "mutation ($id: String!) { stopSensor(id: $id) { __typename } }"

OVER = {"SUCCESS", "FAILURE", "CANCELED"}
# What runs of the comparison write: everything of the three domains.
SETTLEMENT = "game_settlement"
JOBS = [
    "stats_rollup", "badge_calculation", "content_expiration", "life_regeneration",
    "quiz_streak_update", "session_cleanup", "daily_streaks", "leaderboard_recalculation",
]  # fmt: skip
BACKFILLED = ("daily_points", "leaderboard_rankings")
DAYS = 60
# Keys that the database makes at random.
MADE_UP = {"betting.notifications": "id"}
COMPARED = ("community", "quiz", "betting", "leaderboards")


class Driver:
    """Somebody at the UI of an installation."""

    def __init__(self, installation: Installation, postgres: Postgres) -> None:
        self.url = installation.url
        self.postgres = postgres
        self.database = installation.database

    def ask(self, query: str, **variables: object) -> Any:
        """What the UI answers; a question is asked again while the database is away."""
        for _ in range(60):
            sent = {"query": query, "variables": variables}
            answer = requests.post(self.url, json=sent, timeout=60).json()
            if "errors" not in answer or query.lstrip().startswith("mutation"):
                break
            time.sleep(0.5)
        assert "errors" not in answer, answer["errors"][0]["message"]
        return next(iter(answer["data"].values()))

    def query(self, sql: str, *values: object) -> list[tuple]:
        with (
            closing(self.postgres.connect(self.database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, values or None)
            return cursor.fetchall()

    def stop_clocks(self) -> None:
        """No tick from now on: of all sensors only the one stays that looks for lost runs."""
        clocks = self.ask(CLOCKS)
        for schedule in clocks["schedules"]:
            self.ask(STOP_SCHEDULE, id=schedule["scheduleState"]["id"])
        for sensor in clocks["sensors"]:
            if sensor["name"] != "runs_sensor":
                self.ask(STOP_SENSOR, id=sensor["sensorState"]["id"])

    def launch(
        self,
        job: str,
        day: date,
        as_of: datetime | None = None,
        limit: int | None = None,
        **tags: str,
    ) -> str:
        options = {"config": {"limit": limit} if limit else {}}
        given = {
            "dagster/asset_partition_range_start": str(day),
            "dagster/asset_partition_range_end": str(day),
            **({"trc/as_of": as_of.isoformat()} if as_of else {}),
            **tags,
        }
        listed = [{"key": key, "value": value} for key, value in given.items()]
        # The UI may just be finding out that the database was restarted.
        for _ in range(3):
            launched = self.ask(
                LAUNCH, job=job, tags=listed, config={"resources": {"run_options": options}}
            )
            if launched["__typename"] == "LaunchRunSuccess":
                break
            time.sleep(1)
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def backfill(self, table: str, days: list[str]) -> str:
        launched = self.ask(BACKFILL, assets=[{"path": ["community", table]}], days=days)
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return str(launched["backfillId"])

    def run(self, run_id: str) -> dict[str, Any]:
        return self.ask(RUN, id=run_id)

    def status(self, run_id: str) -> str:
        return str(self.run(run_id)["status"])

    def terminate(self, run_id: str) -> None:
        self.ask(TERMINATE, id=run_id)

    def wait_for(self, run_id: str, *statuses: str, seconds: float = 300) -> float:
        wanted = set(statuses) or OVER
        return wait_until(lambda: self.status(run_id) in wanted, seconds, f"{wanted} of {run_id}")

    def wait_for_rest(self) -> None:
        """Until nothing runs, or waits to."""
        wait_until(lambda: not self.ask(ACTIVE)["results"], 300, "rest")

    def hosts_at_work(self) -> set[str]:
        """Addresses from which runs work now."""
        found = self.query(
            "SELECT DISTINCT host(client_addr) FROM pg_stat_activity "
            "WHERE application_name LIKE 'trc run %%' AND datname = current_database()"
        )
        return {address for (address,) in found}

    def play(
        self,
        as_of: datetime,
        disturb: Callable[[set[str]], object] | None = None,
        settlements: int = 1,
    ) -> tuple[list[dict[str, Any]], set[str]]:
        """Sixty days of points and boards, and every job, all asked for at once.

        Args:
            settlements: runs that settle as many games each, and all games together.
            disturb: is told again and again from where runs work; what fails by it is told.
        """
        today, hosts, began = as_of.date(), set[str](), time.time()
        days = [str(today - timedelta(days=back)) for back in range(DAYS, 0, -1)]
        limit = -(-GAMES // settlements) if settlements > 1 else None
        backfills = [self.backfill(table, days) for table in BACKFILLED]
        runs = [self.launch(SETTLEMENT, today, as_of, limit) for _ in range(settlements)]
        runs += [
            self.launch(job, today - timedelta(days=job == "daily_streaks"), as_of) for job in JOBS
        ]

        def is_over() -> bool:
            at_work = self.hosts_at_work()
            hosts.update(at_work)
            if disturb:
                disturb(at_work)
            states = [self.ask(OF_BACKFILL, id=each)["status"] for each in backfills]
            return all(self.status(run) in OVER for run in runs) and all(
                state.startswith(("COMPLETED", "FAILED")) for state in states
            )

        wait_until(is_over, 900, "the end of all runs")
        runs += [run["id"] for each in backfills for run in self.ask(OF_BACKFILL, id=each)["runs"]]
        told = [self.run(run) for run in runs]
        assert disturb or {run["status"] for run in told} == {"SUCCESS"}, told
        return [_told(run, began) for run in told], hosts


def _told(run: dict[str, Any], began: float) -> dict[str, Any]:
    # A run that was lost before it began has no start.
    start = run["startTime"] or run["endTime"]
    return {
        "job": run["jobName"],
        "status": run["status"],
        "began after s": round(start - began, 1),
        "took s": round(run["endTime"] - start, 1),
    }


def count_rows_and_differences(
    postgres: Postgres, one: str, other: str
) -> tuple[int, list[dict[str, Any]]]:
    """Rows compared, and those that are in one database alone, by table and the columns that differ."""
    total, found = 0, []
    names = _tables(postgres, one)
    assert names == _tables(postgres, other)
    for name in names:
        left, right = _rows(postgres, one, name), _rows(postgres, other, name)
        total += len(left)
        only_left = sorted(left - right)
        only_right = sorted(right - left)
        if only_left or only_right:
            found.append(
                {
                    "table": name,
                    "rows": max(len(only_left), len(only_right)),
                    "columns": ", ".join(_columns_that_differ(only_left, only_right)),
                }
            )
    return total, found


def _tables(postgres: Postgres, database: str) -> list[str]:
    with closing(postgres.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c "
            "JOIN pg_namespace AS n ON c.relnamespace = n.oid "
            "WHERE c.relkind = 'r' AND n.nspname = ANY (%s) ORDER BY 1",
            [list(COMPARED)],
        )
        return [name for (name,) in cursor.fetchall()]


def _rows(postgres: Postgres, database: str, table: str) -> set[str]:
    with closing(postgres.connect(database)) as connection, connection.cursor() as cursor:
        without = ["run_id", MADE_UP.get(table, "run_id")]
        cursor.execute(f"SELECT (to_jsonb(t) - %s)::text FROM {table} AS t", [without])
        return {row for (row,) in cursor.fetchall()}


def _columns_that_differ(left: list[str], right: list[str]) -> list[str]:
    differing: set[str] = set()
    for ours, theirs in zip(left, right, strict=False):
        one, other = json.loads(ours), json.loads(theirs)
        differing |= {name for name in one if one[name] != other.get(name)}
    return sorted(differing) if len(left) == len(right) else ["rows are missing"]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
