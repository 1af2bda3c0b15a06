"""Hostile names, ids, figures and bodies, on the way through every door and out of every window.

One community whose every key and name is an attack is played once, on real services; the tests
look at what came out.
"""

import contextlib
import io
import json
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pandas as pd
import pytest
import redis
import requests

from trc_pipelines.cli import output
from trc_pipelines.cli.boards import show_boards
from trc_pipelines.cli.installation import Installation, open_installation, prepare_databases
from trc_pipelines.cli.main import main
from trc_pipelines.cli.runs import materialize_days, run_checks
from trc_pipelines.cli.services import first_free_port, hold_home, run_services
from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import MEE6_SYNC, RECOMPUTE_DAYS
from trc_pipelines.demo import simulator as faults
from trc_pipelines.demo.simulator import Fault, Simulator
from trc_pipelines.jobs.asset_metadata import asset_key
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.mee6 import client
from trc_pipelines.monitoring.channels import RELEASE
from trc_pipelines.monitoring.delivery import deliver
from trc_pipelines.monitoring.health import watch
from trc_pipelines.names import PLACEHOLDER
from trc_pipelines_tests.catalogue import CHECKS, JOBS
from trc_pipelines_tests.hostile import (
    EVERYTHING,
    FIGURES,
    FORGED,
    IDS,
    LONG,
    NAMED,
    SECRET,
    STORABLE,
    TEXTS,
    assert_lines,
    assert_one_line,
    named,
)
from trc_pipelines_tests.receivers import Receiver
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import World, board

DAYS = 9
SNAPSHOT = "community.mee6_leaderboard_snapshot"
# Keys of the app: unique, and short enough for an index.
MEMBERS = [*STORABLE.values(), "k" * 2000, "last"]
ACCOUNTS = list(range(1001, 1001 + len(MEMBERS)))
ASSETS = [
    "members", "mee6_leaderboard_snapshot", "xp_deltas", "point_ledger", "daily_points",
    "daily_streaks", "leaderboard_rankings", "leaderboard_archive", "leaderboard_cache",
]  # fmt: skip
CODE = {"repositoryLocationName": "trc_pipelines", "repositoryName": "__repository__"}


class Told(NamedTuple):
    """What a command answered."""

    code: int
    out: str
    err: str


@dataclass
class Stage:
    """The community after everything, its services still running."""

    installation: Installation
    world: World
    receiver: Receiver
    redis_url: str
    now: datetime
    url: str = ""
    told: dict[str, Told] = field(default_factory=dict)
    quarantined: list[int] = field(default_factory=list)

    @property
    def first(self) -> datetime:
        """When the community began."""
        return first_day(self.now)

    def ago(self, slots: int) -> datetime:
        """So many slots before it all: short ones, for the board is refused after 15 minutes."""
        return self.now - slots * timedelta(seconds=20)

    def trc(self, *arguments: str) -> Told:
        """Run a command as somebody at a shell does."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.object(sys, "argv", ["trc", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return Told(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    def tell(self, *arguments: str) -> Told:
        """The same, kept for the tests to look at."""
        told = self.trc(*arguments)
        self.told[" ".join(arguments)[:80]] = told
        return told

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        """An answer of the UI's own server; well-formed in every respect, or this fails."""
        answer = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=3000
        )
        assert answer.status_code == 200, answer.text[:500]
        parsed = json.loads(answer.content.decode("utf-8", "strict"))
        assert "errors" not in parsed, str(parsed)[:1000]
        assert "PythonError" not in re.findall(r'"__typename": ?"(\w+)"', answer.text)
        return parsed["data"]


def quietly(stage: Stage, as_of: datetime, fault: Fault, **options: str) -> str:
    """A sync that is given an answer nobody should believe; what it says of itself."""
    world = stage.world
    world.simulator.add(fault)
    try:
        who = options.get("executed_by", "test")
        asked = Options(as_of, as_of, name_run(as_of), who)
        # No second try fits the deadline: a fault is final.
        with patch.object(client, "FIRST_BACKOFF_SECONDS", 60):
            results = perform(world.database, world.settings, MEE6_SYNC, asked)
        assert not results[SNAPSHOT].success
        return results[SNAPSHOT].message
    finally:
        world.simulator.clear()


def name_run(as_of: datetime) -> str:
    return f"hostile-{as_of.isoformat()}"


def first_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0) - timedelta(days=DAYS)


def hostile_board(xp: int) -> pd.DataFrame:
    names = [named(text) for text in TEXTS.values()] + ["A" * 1_000_000 + NAMED]
    shown = pd.Series((names * 2)[: len(ACCOUNTS)], dtype=object)
    return board({account: xp + account for account in ACCOUNTS}).assign(username=shown)


@pytest.fixture(scope="module")
def stage(
    servers: dict[int, str],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("hostile")
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    receiver = Receiver()
    connected.cache_clear()
    with (
        patch.dict(os.environ),
        # Nobody waits here, and on a busy machine everything takes two seconds.
        patch.object(output, "PATIENCE_SECONDS", 3600),
        Simulator(hostile_board(1000)) as simulator,
    ):
        for name, value in {
            "TRC_HOME": home,
            "DATABASE_URL": create_database(servers[18]),
            "COMMUNITY_START_ON": first_day(datetime.now(UTC)).date(),
            "MEE6_GUILD_ID": simulator.guild_id,
            "MEE6_BASE_URL": simulator.base_url,
            "MEE6_REQUEST_INTERVAL_SECONDS": 0,
            "MEE6_DEADLINE_SECONDS": 25,
            "REDIS_URL": redis_url,
            "SENTRY_DSN": receiver.dsn,
            "ALERT_URLS": receiver.hook,
        }.items():
            os.environ[name] = str(value)
        with open_installation(begins=True) as installation:
            prepare_databases(installation)
            world = World(installation.database, installation.settings, simulator)
            # Now, not when the file was read: MEE6 only knows the last quarter of an hour.
            now = datetime.now(UTC).replace(microsecond=0)
            stage = Stage(installation, world, receiver, redis_url, now)
            populate(world, stage.first)
            play(stage)
            with (
                hold_home(home) as lock,
                run_services(home, lock, installation.environment, port := first_free_port(0)),
            ):
                stage.url = f"http://127.0.0.1:{port}"
                play_in_the_ui(stage)
                yield stage
    receiver.close()
    connected.cache_clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def populate(world: World, first: datetime) -> None:
    """What the app writes: keys, names, actions and metadata that are all attacks."""
    names = [*[named(text) for text in STORABLE.values()], named(LONG), None]
    members = pd.DataFrame(
        {
            "member_id": MEMBERS,
            "discord_id": ACCOUNTS,
            "discord_username": pd.Series(names, dtype="str"),
            "subscription_status": "ACTIVE",
        }
    )
    with world.database.transaction() as transaction:
        transaction.append("community.members", members)
        for day in range(DAYS):
            transaction.append(
                "community.point_transactions",
                pd.DataFrame(
                    {
                        "member_id": MEMBERS,
                        "action": [*MEMBERS[1:], EVERYTHING if day else LONG],
                        "points": range(10, 10 + len(MEMBERS)),
                        "created_at": first + timedelta(days=day, hours=9),
                    }
                ),
            )
    texts = json.dumps({"note": [*STORABLE.values(), SECRET, NAMED]}).replace("'", "''")
    world.execute(f"UPDATE community.point_transactions SET metadata = '{texts}'")


def play(stage: Stage) -> None:
    """Every job in Dagster, a quarantine, failures of each kind, reviews, broken invariants."""
    world, simulator = stage.world, stage.world.simulator

    def at(slots: int) -> tuple[str, str]:
        return "--as-of", stage.ago(slots).isoformat()

    assert stage.tell("run", "mee6_sync", *at(13)).code == 0
    simulator.board = hostile_board(1250)
    assert stage.tell("run", "mee6_sync", *at(12), "--verbose").code == 0
    with contextlib.redirect_stderr(io.StringIO()):
        daily = [asset_key(step) for step in RECOMPUTE_DAYS.steps]
        materialize_days(daily, stage.first.date(), stage.now.date())
    for job in ("leaderboard_recalculation", "daily_streaks", "leaderboard_weekly_reset",
                "leaderboard_cache"):  # fmt: skip
        assert stage.tell("run", job, "--json").code == 0, stage.told

    simulator.board = hostile_board(1300).iloc[:3]
    assert stage.tell("run", "mee6_sync", *at(11)).code == 1
    stage.quarantined = [int(stage.ago(11).timestamp())]
    for slots in (10, 9, 8):
        world.run(MEE6_SYNC, stage.ago(slots))
        stage.quarantined.append(int(stage.ago(slots).timestamp()))
    simulator.board = hostile_board(1300)

    simulator.add(faults.raw(BODIES["json_error"], 403, Content_Type="application/json"), times=1)
    assert stage.tell("run", "mee6_sync", *at(6)).code == 1
    quietly(stage, stage.ago(5), faults.raw(BODIES["json_error"], 400))
    quietly(
        stage, stage.ago(4), faults.raw(BODIES["html"], 404),
        executed_by="mee6_sync_schedule",
    )  # fmt: skip
    quietly(stage, stage.ago(3), faults.raw(b"{}", Content_Encoding=MARKUP))
    with world.database.transaction() as transaction:
        watch(transaction, world.settings, JOBS, [find_conditions], datetime.now(UTC))

    # A reason of an administrator's own, by which a row is refused: the server repeats the row.
    world.execute(
        "ALTER TABLE community.daily_points ADD CONSTRAINT by_hand CHECK (points < 900) NOT VALID"
    )
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"SELECT member_id, discord_username, 1000, '{stage.ago(3)}' FROM community.members "
        f"WHERE discord_id = {ACCOUNTS[MEMBERS.index(TEXTS['log_line'])]}"
    )
    assert stage.tell("run", "mee6_sync", *at(2)).code == 1
    assert stage.tell("run", "mee6_sync", *at(2), "--dry-run").code == 1

    world.execute("ALTER TABLE community.member_points DISABLE TRIGGER ALL")
    world.execute("UPDATE community.member_points SET total = total + 1")
    assert stage.tell("verify").code == 1
    assert stage.tell("verify", "--json").code == 1
    with world.database.transaction() as transaction:
        watch(
            transaction,
            world.settings,
            JOBS,
            [find_conditions],
            datetime.now(UTC),
            CHECKS,
        )
    with contextlib.redirect_stderr(io.StringIO()):
        run_checks()

    for sync_id in stage.quarantined[:2]:
        for most in ("3", "100"):
            stage.tell("snapshots", "show", str(sync_id), "--limit", most)
        stage.tell("snapshots", "show", str(sync_id), "--json")
    for sync_id, reason in zip(stage.quarantined, [EVERYTHING, LONG], strict=False):
        assert stage.tell("snapshots", "discard", str(sync_id), "--reason", reason).code == 0
        assert stage.tell("snapshots", "approve", str(sync_id), "--reason", reason).code == 1
    for command in ("jobs", "snapshots list"):
        assert stage.tell(*command.split()).code == 0
        assert stage.tell(*command.split(), "--json").code == 0


def play_in_the_ui(stage: Stage) -> None:
    """Runs that are launched from the UI, alerts that the daemon sends."""
    launched = [
        launch(stage, "dry_run", {"try_steps": {"config": {"job": "mee6_sync"}}}),
        launch(
            stage, "dry_run", {"try_steps": {"config": {"job": "mee6_sync", "as_of": EVERYTHING}}}
        ),
        launch(stage, "review_snapshot", {"review_snapshot_by_hand": {"config": {
            "sync_id": stage.quarantined[2], "decision": "discard", "reason": EVERYTHING}}}),
        launch(stage, "review_snapshot", {"review_snapshot_by_hand": {"config": {
            "sync_id": stage.quarantined[3], "decision": "discard", "reason": "a\x00b"}}}),
    ]  # fmt: skip
    give_up_at = time.monotonic() + 600
    while time.monotonic() < give_up_at:
        runs = {run["runId"]: run["status"] for run in list_runs(stage)}
        if all(runs[run] in ("SUCCESS", "FAILURE") for run in launched):
            break
        time.sleep(0.5)
    assert [runs[run] for run in launched] == ["FAILURE", "FAILURE", "SUCCESS", "FAILURE"]
    while time.monotonic() < give_up_at and not stage.receiver.sent:
        time.sleep(0.5)
    assert stage.receiver.sent, "the daemon sends nothing"
    deliver(stage.world.database, stage.world.settings, JOBS, datetime.now(UTC))


def launch(stage: Stage, job: str, ops: dict[str, Any]) -> str:
    params = {"selector": {**CODE, "jobName": job}, "runConfigData": {"ops": ops}}
    answer = stage.ask(LAUNCH, params=params)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return answer["run"]["runId"]


def list_runs(stage: Stage) -> list[dict[str, Any]]:
    return stage.ask(RUNS)["runsOrError"]["results"]


LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}"""
RUNS = """{
  runsOrError(limit: 200) {
    __typename
    ... on Runs { results { runId jobName status runConfigYaml runConfig tags { key value } } }
  }
}"""
METADATA = """
  metadataEntries {
    label description
    ... on TextMetadataEntry { text }
    ... on JsonMetadataEntry { jsonString }
    ... on TableSchemaMetadataEntry { schema { columns { name description } } }
  }"""
ERROR = "error { message stack causes { message stack } errorChain { error { message stack } } }"
LOGS = f"""
query ($run: ID!) {{
  logsForRun(runId: $run, limit: 1000) {{
    __typename
    ... on EventConnection {{ events {{
      __typename
      ... on MessageEvent {{ message level stepKey }}
      ... on MaterializationEvent {{ {METADATA} }}
      ... on AssetCheckEvaluationEvent {{ evaluation {{ success {METADATA} }} }}
      ... on ExecutionStepFailureEvent {{ {ERROR} failureMetadata {{ {METADATA} }} }}
      ... on RunFailureEvent {{ {ERROR} }}
    }} }}
  }}
}}"""
ASSET = f"""
query ($key: AssetKeyInput!) {{
  assetNodeOrError(assetKey: $key) {{
    __typename
    ... on AssetNode {{
      description
      {METADATA}
      assetMaterializations(limit: 100) {{ runId partition {METADATA} }}
      assetChecksOrError {{
        __typename
        ... on AssetChecks {{ checks {{
          name
          executionForLatestMaterialization {{ status evaluation {{ success {METADATA} }} }}
        }} }}
      }}
    }}
  }}
}}"""
CHECK = f"""
query ($key: AssetKeyInput!, $name: String!) {{
  assetCheckExecutions(assetKey: $key, checkName: $name, limit: 20) {{
    status evaluation {{ success {METADATA} }}
  }}
}}"""
# The one thing MEE6 sends that is repeated: up to forty characters of a header.
HEADER_SECRET = "hunter3"
MARKUP = f"<@1>@all [x](y) `token={HEADER_SECRET}`"
BODIES = {
    "html": f"<html><h1>{EVERYTHING}</h1>{SECRET} {NAMED} Authorization: Bot {SECRET}</html>".encode(),
    "json_error": json.dumps(
        {"error": {"message": [*TEXTS.values(), SECRET, NAMED]}, "token": SECRET}
    ).encode(),
}


# --- the UI


def test_every_page_of_the_ui_answers(stage: Stage) -> None:
    names = {job.name for job in JOBS} | {"verification", "review_snapshot", "dry_run"}
    pages = [
        "/", "/assets", "/runs", "/jobs", "/overview/activity", "/overview/timeline",
        "/overview/jobs", "/overview/schedules", "/overview/sensors", "/asset-groups",
        *(f"/assets/community/{name}?view={view}" for name in ASSETS
          for view in ("overview", "events", "checks")),
        *(f"/locations/__repository__@trc_pipelines/jobs/{name}" for name in names),
        *(f"/runs/{run['runId']}" for run in list_runs(stage)),
    ]  # fmt: skip
    with requests.Session() as session:
        for page in pages:
            answer = session.get(f"{stage.url}{page}", timeout=300)
            assert answer.status_code == 200, page
            answer.content.decode("utf-8", "strict")
            for attack in ("script", "image", "log_line"):
                assert TEXTS[attack] not in answer.text


def test_what_the_ui_asks_for_is_answered_and_holds_no_name(stage: Stage) -> None:
    runs = list_runs(stage)
    assert {"mee6_sync", "leaderboard_recalculation", "daily_streaks", "verification"} <= {
        run["jobName"] for run in runs
    }
    assert {"SUCCESS", "FAILURE"} <= {run["status"] for run in runs}
    seen = []
    for run in runs:
        logs = stage.ask(LOGS, run=run["runId"])["logsForRun"]
        assert logs["events"]
        seen.append(logs)
    checks = 0
    for name in ASSETS:
        key = {"path": ["community", name]}
        node = stage.ask(ASSET, key=key)["assetNodeOrError"]
        assert node["__typename"] == "AssetNode"
        assert node["assetMaterializations"] or name in ("members", "leaderboard_cache")
        seen.append(node)
        for check in node["assetChecksOrError"].get("checks", []):
            executions = stage.ask(CHECK, key=key, name=check["name"])["assetCheckExecutions"]
            checks += bool(executions)
            seen.append(executions)
    assert checks > 8
    for text in strings(seen):
        assert_lines(text)


def test_a_broken_invariant_shows_hostile_keys_quoted(stage: Stage) -> None:
    (latest, *_) = stage.ask(
        CHECK, key={"path": ["community", "point_ledger"]}, name="ledger_sums_match_balances"
    )["assetCheckExecutions"]
    assert not latest["evaluation"]["success"]
    shown = {entry["label"]: entry for entry in latest["evaluation"]["metadataEntries"]}["first"]
    assert "member_id" in shown["text"]
    assert_one_line(shown["text"].replace("k" * 2000, ""))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


# --- logs and commands


def test_logs_are_printable_lines_that_nobody_forged(stage: Stage) -> None:
    folder = stage.installation.settings.trc_home / "logs"
    logs = {path.name: path.read_bytes().decode("utf-8") for path in folder.iterdir()}
    assert set(logs) == {"code_server.log", "webserver.log", "daemon.log"}
    assert "try_steps" in logs["code_server.log"]
    for text in logs.values():
        assert_lines(text)


def test_what_runs_printed_is_printable_too(stage: Stage) -> None:
    home = stage.installation.settings.trc_home
    files = [path for path in Path(home, "dagster").rglob("*") if path.suffix in (".out", ".err")]
    assert any(path.stat().st_size for path in files)
    for path in files:
        assert_lines(path.read_bytes().decode("utf-8"))


def test_commands_answer_in_printable_lines(stage: Stage) -> None:
    assert len(stage.told) > 20
    for command, told in stage.told.items():
        assert_lines(told.out)
        assert_lines(told.err)
        if told.code:
            # Beside what it was busy with meanwhile.
            complaint = [line for line in told.err.splitlines() if not line.endswith(" s …")]
            assert len(complaint) == 1, (command, told.err)


def test_json_is_json_and_says_what_is_stored(stage: Stage) -> None:
    parsed = {
        command: json.loads(told.out)
        for command, told in stage.told.items()
        if command.endswith("--json")
    }
    assert len(parsed) > 7
    first = stage.quarantined[0]
    shown = {row["member_id"] for row in parsed[f"snapshots show {first} --json"]}
    assert shown <= set(MEMBERS)
    assert len(shown) == len(MEMBERS) - 3
    reasons = {row["sync_id"]: row["review_reason"] for row in parsed["snapshots list --json"]}
    assert reasons[first] == EVERYTHING.strip()
    assert next(row for row in parsed["verify --json"] if row["violations"])["violations"] == len(
        MEMBERS
    )


def test_a_table_has_one_line_per_row(stage: Stage) -> None:
    for sync_id in stage.quarantined[:2]:
        for most, rows in (("3", 3), ("100", len(MEMBERS) - 3)):
            told = stage.told[f"snapshots show {sync_id} --limit {most}"]
            lines = told.out.splitlines()
            assert len(lines) == 2 + rows + 1, told.out
            # Ids are never cut.
            assert max(len(line) for line in lines) < 600
    listed = stage.told["snapshots list"].out.splitlines()
    assert len(listed) == 2 + len(stage.quarantined) + 1
    assert max(len(line) for line in listed) < 1500


def test_a_terminal_is_not_told_what_to_do(stage: Stage) -> None:
    boards = io.StringIO()
    # So narrow that rows become blocks of lines.
    with patch.object(output, "_terminal_width", lambda: 200):
        listed = stage.trc("snapshots", "list").out
        opened = stage.trc("snapshots", "show", str(stage.quarantined[0]), "--limit", "100").out
        with contextlib.redirect_stdout(boards):
            show_boards(stage.installation)
    shown = listed + opened + boards.getvalue()
    assert "Streaks" in shown
    assert_lines(shown.replace(NAMED, ""))


ARGUMENTS = [
    ["run", "mee6_sync", "--as-of", "?"],
    ["run", "?"],
    ["run", "mee6_sync", "--limit", "?"],
    ["snapshots", "show", "?"],
    ["snapshots", "show", "1", "--limit", "?"],
    ["snapshots", "approve", "?", "--reason", "x"],
    ["snapshots", "discard", "1", "--reason", "?"],
    ["?"],
    ["db", "?"],
    ["jobs", "--no?"],
]


def test_a_hostile_argument_is_refused_in_one_clean_line(
    stage: Stage, subtests: pytest.Subtests
) -> None:
    # The last is how an argument arrives that is not UTF-8.
    for name, text in {**TEXTS, "long": LONG, "bytes": "\udcff"}.items():
        for arguments in ARGUMENTS:
            with subtests.test(" ".join(arguments), text=name):
                told = stage.trc(*[argument.replace("?", text) for argument in arguments])
                assert told.code in (1, 2)
                assert told.out == ""
                assert told.err.startswith("trc: ")
                assert told.err.endswith("\n")
                assert_one_line(told.err[:-1])


def test_a_reason_that_cannot_be_stored_is_refused_in_one_clean_line(
    stage: Stage, subtests: pytest.Subtests
) -> None:
    at = stage.now - timedelta(seconds=30)
    sync_id = int(at.timestamp())
    stage.world.execute(
        "INSERT INTO community.mee6_syncs (sync_id, synced_at, guild_id, status, started_at, "
        f"finished_at, run_id) VALUES ({sync_id}, '{at}', 1, 'quarantined', now(), now(), 'x')"
    )
    for reason in (TEXTS["surrogate"], TEXTS["nul"], "\udcff"):
        with subtests.test(reason=ascii(reason)):
            told = stage.trc("snapshots", "discard", str(sync_id), "--reason", reason)
            assert (told.code, told.out) == (1, "")
            assert told.err.startswith("trc: ")
            assert_one_line(told.err.rstrip("\n"))


def test_a_hostile_setting_is_named_in_one_clean_line(
    stage: Stage, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MEE6_GUILD_ID", "MEE6_BASE_URL", "DATABASE_URL", "REDIS_URL",
                 "COMMUNITY_START_ON", "ENVIRONMENT"):  # fmt: skip
        for text in STORABLE.values():
            with subtests.test(name, text=ascii(text)), monkeypatch.context() as patched:
                patched.setenv(name, f"{text} {SECRET}")
                told = stage.trc("db", "status")
                assert told.code == 1
                assert told.err.startswith(f"trc: {name}: ")
                # What a URL holds is no one's to read; other values are told to who mistyped them.
                assert SECRET not in told.err or not name.endswith("_URL")
                assert_one_line(told.err[:-1])


# --- what leaves the machine


def test_alerts_and_check_ins_are_inert(stage: Stage) -> None:
    sent = stage.receiver.sent
    kinds = [each.parsed[1]["type"] for each in sent if len(each.parsed) > 2]
    assert {"event", "check_in"} <= set(kinds)
    assert len(kinds) < len(sent)  # and the webhook
    told = " ".join(strings([each.parsed for each in sent]))
    for word in ("quarantined", "refused", "broken"):
        assert word in told
    for each in sent:
        for text in strings(each.parsed):
            assert_lines(text)
            assert text == RELEASE or not re.search(r"[<>`@]|\]\(", text), text
        assert NAMED.encode() not in each.raw
        assert SECRET.encode() not in each.raw
        assert HEADER_SECRET.encode() not in each.raw


# --- stores that apps and people read


def test_boards_in_redis_are_json_by_hostile_keys(stage: Stage) -> None:
    with redis.Redis.from_url(stage.redis_url, decode_responses=True) as opened:
        for name in ("global", "weekly", "monthly"):
            key = f"trc:boards:community:{name}"
            rows = [json.loads(row) for row in opened.lrange(f"{key}:rows", 0, -1)]
            # Nobody has points yet in the first minutes of a week or a month.
            assert name != "global" or {row["member_id"] for row in rows} == set(MEMBERS)
            assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
            members = opened.hgetall(f"{key}:members")
            assert all(json.loads(row)["member_id"] == key for key, row in members.items())
            assert json.loads(opened.get(f"{key}:about"))["members"] == len(members) == len(rows)
            assert all(row.keys() == {"rank", "member_id", "score", "movement"} for row in rows)


def test_events_alerts_incidents_and_executions_hold_no_hostile_text(stage: Stage) -> None:
    query = stage.world.query
    events = query("SELECT event_type, dedupe_key, payload::text FROM operations.domain_events")
    assert "LeaderboardReset" in set(events["event_type"])
    told = set(strings([json.loads(payload) for payload in events["payload"]]))
    assert not told & set(MEMBERS)
    rows = [
        events,
        query(
            "SELECT job_name, message, details::text, executed_by FROM operations.job_executions"
        ),
        query("SELECT kind, subject, message FROM operations.incidents"),
        query("SELECT dedupe_key, title, body, tags::text FROM operations.alerts"),
        query("SELECT channel, coalesce(error, '-') FROM operations.alert_deliveries"),
        query("SELECT coalesce(error, '-'), audit::text FROM community.mee6_syncs"),
    ]
    for frame in rows:
        assert len(frame)
        for text in strings(frame.to_numpy().tolist()):
            assert_one_line(text)
            assert NAMED not in text
            assert SECRET not in text
            assert not re.search("<script|<img|DROP TABLE|HYPERLINK", text)


def test_the_demo_shows_cleaned_names_one_line_each(stage: Stage) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show_boards(stage.installation)
    lines = [line for line in out.getvalue().splitlines() if line]
    assert len(lines) == 2 + 10 + 2 + 10
    assert NAMED in out.getvalue()
    assert PLACEHOLDER in out.getvalue()
    assert_lines(out.getvalue().replace(NAMED, ""))


def test_hostile_text_stays_what_it_was_where_it_is_data(stage: Stage) -> None:
    query = stage.world.query
    assert set(query("SELECT member_id FROM community.member_points")["member_id"]) == set(MEMBERS)
    ledger = query(
        "SELECT action, metadata::text FROM community.point_ledger WHERE sync_id IS NULL"
    )
    posted = {action for member, action in pairwise(MEMBERS) if member and action}
    assert {*posted, EVERYTHING, LONG} <= set(ledger["action"])
    csv = query("SELECT * FROM community.current_leaderboards").to_csv(index=False)
    frame = pd.read_csv(io.StringIO(csv), keep_default_na=False, lineterminator="\n")
    assert len(frame) == query("SELECT count(*) FROM community.current_leaderboards").iat[0, 0]


# --- ids, figures and bodies by MEE6


def page(player: str) -> bytes:
    good = f'{{"id": "{ACCOUNTS[0]}", "xp": 10, "username": {json.dumps(TEXTS["surrogate"])}}}'
    return (
        f'{{"guild": {{"id": "554836553760711639"}}, "page": 0, "players": [{good}, {player}]}}'
    ).encode()


ANSWERS = {
    **{
        f"id {name}": faults.raw(page(f'{{"id": {value}, "xp": 1, "username": "{NAMED}"}}'))
        for name, value in IDS.items()
    },
    **{
        f"{key} {name}": faults.raw(
            page(f'{{"id": "1002", "xp": 1, "username": "{NAMED}", "{key}": {value}}}')
        )
        for key in ("xp",)
        for name, value in FIGURES.items()
    },
    **{f"{name} {status}": faults.raw(body, status) for name, body in BODIES.items()
       for status in (200, 400, 401, 403, 404, 429, 500, 503)},
    "encoding ansi": faults.raw(b"{}", Content_Encoding="\x1b[5;41mbr\x9b2J"),
    "encoding long": faults.raw(b"{}", Content_Encoding=f"{'b' * 40} {SECRET}"),
}  # fmt: skip


def test_an_answer_nobody_should_believe_moves_nothing_and_is_one_clean_line(
    stage: Stage, subtests: pytest.Subtests
) -> None:
    # So that steps which go on without a reading have nothing to stumble over.
    stage.world.execute("ALTER TABLE community.daily_points DROP CONSTRAINT by_hand")
    before = stage.world.query(MOVED)
    for number, (name, fault) in enumerate(ANSWERS.items()):
        # Later than what was accepted, and far enough apart for a block to be over.
        as_of = stage.now + timedelta(hours=3 * number + 1)
        with subtests.test(name):
            message = quietly(stage, as_of, fault)
            pd.testing.assert_frame_equal(before, stage.world.query(MOVED))
            recorded = stage.world.query(f"{RECORDED} WHERE run_id = '{name_run(as_of)}'").iloc[0]
            assert (recorded["state"], recorded["status"]) == ("failed", "failed")
            assert recorded["message"] == message
            for text in (message, recorded["error"], recorded["details"]):
                assert_one_line(text)
                assert FORGED not in text
                assert NAMED not in text
                assert SECRET not in text
            if name.split()[0] in PLAYER_FIELDS:
                assert "1 bad player in all" in message or "not JSON" in message


PLAYER_FIELDS = ("id", "xp")
MOVED = "SELECT count(*), max(sync_id) FROM community.xp_deltas"
RECORDED = (
    "SELECT e.message, e.state, e.details::text AS details, s.status, s.error "
    "FROM operations.job_executions AS e JOIN community.mee6_syncs AS s USING (run_id)"
)
