"""What people type, and what they are told when it is wrong."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import typer

from trc_pipelines.cli.main import app
from trc_pipelines.community.actions import REVIEW_SNAPSHOT
from trc_pipelines.jobs.orchestration import build_action
from trc_pipelines.settings import Settings, load_settings
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tested is the command.
pytestmark = pytest.mark.either


def walk(command: Any, path: str = "") -> Iterator[tuple[str, bool]]:
    """Every command below it by its words, and whether it is a group."""
    below = getattr(command, "commands", {})
    yield path, bool(below)
    for name, each in below.items():
        yield from walk(each, f"{path} {name}".strip())


EVERY = dict(walk(typer.main.get_command(app)))

# A value each setting refuses.
BAD_VALUES = {
    "TRC_HOME": "/dev/null/here",
    "DATABASE_URL": "mysql://somebody:secret@host/trc",
    "DATABASE_DIRECT_URL": "postgresql://host",
    "DAGSTER_DATABASE_URL": "postgresql://host",
    "STATEMENT_TIMEOUT_SECONDS": "0",
    "LOCK_TIMEOUT_SECONDS": "soon",
    "BACKFILL_DAYS_PER_RUN": "0",
    "RUN_LAUNCHER": "swarm",
    "CELERY_BROKER_URL": "secret",
    "CELERY_RESULT_URL": "secret",
    "CELERY_QUEUE": "the long one",
    "RUN_IMAGE": "an image",
    "RUN_NETWORK": "our network",
    "RUN_NAMESPACE": "our namespace",
    "WEBSERVER_HOST": "here and there",
    "WEBSERVER_PORT": "70000",
    "COMMUNITY_START_ON": "2026-02-30",
    "COMMUNITY_CUT_OVER_AT": "2026-12-01",
    "QUIZ_CUT_OVER_AT": "soon",
    "BETTING_CUT_OVER_AT": "2026-12-01 00:00",
    "WRITE_BACK": "community, chess",
    "MEE6_SYNC_ENABLED": "perhaps",
    "MEE6_GUILD_ID": "my guild",
    "DISCORD_GUILD_ID": "our guild",
    "MEMBERS_FROM_BOARD": "the loud ones",
    "MEMBERS_MIN_LEVEL": "-1",
    "MEE6_BASE_URL": "mee6.xyz",
    "MEE6_USER_AGENT": "naïve",
    "MEE6_REQUEST_INTERVAL_SECONDS": "-1",
    "MEE6_DEADLINE_SECONDS": "900",
    "MEE6_MAX_MISSING_SHARE": "20",
    "MEE6_MAX_DROPPED_SHARE": "-0.1",
    "MEE6_MAX_TOTAL_DROP_SHARE": "1.5",
    "MEE6_MAX_IMPLAUSIBLE_SHARE": "2",
    "MEE6_MAX_GAIN": "0",
    "MEDIA_URL": "s3://key:secret@bucket",
    "MEDIA_ENDPOINT_URL": "https://key:secret@host",
    "MEDIA_BASE_URLS": "https://cdn.example.org/media, secret.example.org",
    "MEDIA_PREFIXES": "posts, ../up",
    "MEDIA_MAX_ORPHAN_SHARE": "25",
    "QUIZ_LIFE_CATCH_UP": "now and then",
    "LIVE_BETS": "perhaps",
    "SUNDAY_TIMEZONE": "Moon/Copernicus",
    "REDIS_URL": "http://secret@host",
    "SENTRY_DSN": "https://secret@host/project",
    "ALERT_URLS": "json://host, discord://secret",
    "ANNOUNCE_URLS": "carrierpigeon://secret",
    "HEARTBEAT_URL": "secret.example.org/ping",
    "DOMAINS": "chess",
    "ENVIRONMENT": "the attic",
    "SNAPSHOT_RETENTION_DAYS": "1",
    "RANKING_RETENTION_DAYS": "1",
    "HISTORY_RETENTION_DAYS": "2",
}


@pytest.mark.parametrize("command", EVERY)
def test_every_command_explains_itself(
    command: str, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc(*command.split(), "--help") == 0
    help_text = capsys.readouterr().out
    assert f"Usage: trc {command}".strip() in help_text
    assert ("Example" in help_text) != EVERY[command]


def test_trc_alone_shows_the_help(trc: Trc, capsys: pytest.CaptureFixture[str]) -> None:
    assert trc() == 0
    assert "trc demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], ["frobnicate"]),
        (["db"], ["Missing command"]),
        (["jobs", "--frob"], ["--frob"]),
        (["run"], ["JOB"]),
        (["run", "mee6"], ["JOB", "'mee6'", "mee6_sync", "daily_streaks"]),
        (["run", "mee6_sync", "--limit", "0"], ["--limit", "1"]),
        (["run", "mee6_sync", "--limit", "many"], ["--limit"]),
        (["run", "mee6_sync", "--as-of", "now"], ["--as-of", "'now'", "2026-01-31T10:15:00Z"]),
        (["run", "mee6_sync", "--as-of", "2026-01-31T10:15:00"], ["--as-of", "accepts"]),
        (["snapshots", "approve"], ["SYNC"]),
        (["snapshots", "approve", "12"], ["--reason"]),
        (["snapshots", "discard", "yesterday", "--reason", "x"], ["SYNC", "valid integer"]),
        (["snapshots", "show", "0"], ["SYNC", "1"]),
        (["members", "import", "nowhere.csv"], ["FILE.csv", "nowhere.csv", "does not exist"]),
        (["members", "enroll"], ["--from-board"]),
        (["members", "enroll", "--from-board", "--min-level", "-1"], ["--min-level", "0"]),
        (["members", "remove"], ["ID"]),
    ],
)
def test_a_wrong_value_names_the_option_and_what_it_accepts(
    arguments: list[str], words: list[str], trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc(*arguments) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    for word in words:
        assert word in told


def test_every_setting_is_tried_below() -> None:
    assert set(BAD_VALUES) == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_setting_with_a_bad_value_is_named_in_one_line(
    name: str, trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, BAD_VALUES[name])
    assert trc("db", "status") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"trc: {name}: ")
    assert told.count("\n") == 1
    assert "secret" not in told


def test_a_first_day_that_is_still_to_come_is_refused_before_anything_runs(
    trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMUNITY_START_ON", "2999-01-01")
    assert trc("db", "status") == 1
    told = capsys.readouterr().err
    assert told.startswith("trc: COMMUNITY_START_ON: is '2999-01-01'; it is still to come")
    assert "accepts days up to today" in told


@pytest.mark.parametrize("rehearsed", [["--dry-run"], []])
def test_a_time_before_the_first_day_is_refused_before_a_run_is_made(
    rehearsed: list[str],
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    world: World,
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    assert trc("run", "daily_streaks", "--as-of", "2025-06-01T00:05:00Z", *rehearsed) == 1
    assert (
        "nothing before COMMUNITY_START_ON (2026-01-01) is computed; daily_streaks accepts times "
        "from then on"
    ) in capsys.readouterr().err
    assert world.query("SELECT * FROM operations.job_executions").empty


def test_the_first_midnight_can_be_run(
    trc: Trc, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    for job in ("daily_streaks", "leaderboard_recalculation"):
        assert trc("run", job, "--as-of", "2026-01-01T00:00:00Z") == 0


def test_the_guild_may_be_named_as_discord_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_GUILD_ID", "4711")
    monkeypatch.delenv("MEE6_GUILD_ID", raising=False)
    assert load_settings(trc_home=tmp_path).mee6_guild_id == 4711
    monkeypatch.delenv("TRC_HOME", raising=False)
    assert load_settings().trc_home.name == "live"
    monkeypatch.setenv("MEE6_GUILD_ID", "12")
    assert load_settings(trc_home=tmp_path).mee6_guild_id == 12


def test_up_wants_a_guild(trc: Trc, capsys: pytest.CaptureFixture[str]) -> None:
    assert trc("up") == 1
    told = capsys.readouterr().err
    assert told.startswith("trc: MEE6_GUILD_ID: ")
    assert "trc demo" in told


def test_the_demo_refuses_a_real_guild(
    trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEE6_GUILD_ID", "123456789012345678")
    assert trc("demo") == 1
    assert capsys.readouterr().err.startswith("trc: MEE6_GUILD_ID: is 123456789012345678")


def test_a_database_that_does_not_answer_is_one_line(
    trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody:secret@127.0.0.1:9/trc")
    assert trc("jobs") == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "did not answer" in told
    assert "secret" not in told


def test_machines_get_json(
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert trc("jobs", "--json") == 0
    jobs = json.loads(capsys.readouterr().out)
    assert {"job", "cadence", "last_success", "next_run"} <= set(jobs[0])
    assert jobs[0]["last_success"] is None

    assert trc("verify", "--json") == 0
    checks = json.loads(capsys.readouterr().out)
    assert [check["violations"] for check in checks] == [0] * len(checks)

    assert trc("db", "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["pending"] == []

    assert trc("run", "leaderboard_recalculation", "--dry-run", "--json") == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["success"] is True
    assert outcome["dry_run"] is True


def test_a_check_that_does_not_hold_fails_and_names_the_first_row(
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    world: World,
) -> None:
    world.execute(
        "INSERT INTO community.member_points (member_id, account_id, total) VALUES ('ann', 0, 5)"
    )
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    assert trc("verify") == 1
    out, err = capsys.readouterr()
    assert "BROKEN community.point_ledger: ledger_sums_match_balances" in out
    assert "ann" in out
    assert "ledger_sums_match_balances" in err


def test_a_run_leaves_its_row_and_its_run_in_dagster(
    trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    assert trc("run", "leaderboard_recalculation", "--as-of", "2026-03-04T12:00:00Z", "--json") == 0
    outcome = json.loads(capsys.readouterr().out)
    recorded = world.query("SELECT run_id, executed_by, as_of FROM operations.job_executions")
    assert recorded["run_id"].tolist() == [outcome["run_id"]]
    assert recorded["executed_by"].tolist() == ["cli"]
    assert recorded["as_of"].iat[0].isoformat() == outcome["as_of"] == "2026-03-04T12:00:00+00:00"
    with dg.DagsterInstance.get() as instance:
        run = instance.get_run_by_id(outcome["run_id"])
    assert run is not None
    assert run.is_success

    assert trc("run", "mee6_sync") == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "MEE6_GUILD_ID is not set" in told


@pytest.fixture
def quarantined(trc: Trc, world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """The installation of a community whose board has collapsed; the sync that waits."""
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    linked = {f"m{i}": 1000 + i for i in range(7)}
    world.link(linked)
    world.sync(NOON, dict.fromkeys(linked.values(), 1000))
    world.sync(NOON + QUARTER, {1000: 400, 1001: 1050})
    return int((NOON + QUARTER).timestamp())


def test_a_quarantined_reading_is_listed_shown_and_decided(
    trc: Trc, quarantined: int, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc("snapshots", "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["sync_id"], listed["state"], listed["present_members"]) == (
        quarantined,
        "waits",
        2,
    )
    assert trc("snapshots", "list") == 0
    assert "5 of 7 known members are missing" in capsys.readouterr().out
    assert trc("snapshots", "show", str(quarantined), "--json", "--limit", "5") == 0
    shown = json.loads(capsys.readouterr().out)
    assert [(row["member_id"], row["difference"]) for row in shown] == [
        ("m2", None), ("m3", None), ("m4", None), ("m5", None), ("m6", None),
    ]  # fmt: skip
    assert trc("snapshots", "show", str(quarantined)) == 0
    assert "–" in capsys.readouterr().out
    assert trc("snapshots", "approve", str(quarantined), "--reason", "they left") == 0
    assert f"sync {quarantined} is approved" in capsys.readouterr().out
    assert trc("snapshots", "discard", str(quarantined), "--reason", "no") == 1
    assert capsys.readouterr().err == (
        f"trc: sync {quarantined} is accepted (they left); only a quarantined one waits for a decision\n"
    )
    assert (
        world.query("SELECT reviewed_by FROM community.mee6_syncs")["reviewed_by"].tolist()[1]
        == "cli"
    )


def test_where_nothing_was_quarantined_the_list_says_so(
    trc: Trc, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    assert trc("snapshots", "list") == 0
    assert capsys.readouterr().out == "no reading was ever quarantined\n"
    assert trc("snapshots", "show", "7") == 1
    assert capsys.readouterr().err == (
        "trc: there is no sync 7; trc snapshots list shows those there are\n"
    )


def test_the_ui_decides_as_the_command_does(trc: Trc, quarantined: int, world: World) -> None:
    def decide(decision: str) -> dg.ExecuteInProcessResult:
        config = {"sync_id": quarantined, "decision": decision, "reason": "a reset"}
        with dg.DagsterInstance.ephemeral() as instance:
            return build_action(REVIEW_SNAPSHOT).execute_in_process(
                {"ops": {"review_snapshot_by_hand": {"config": config}}},
                instance=instance,
                raise_on_error=False,
            )

    assert decide("rebaseline").success
    assert not decide("discard").success
    row = world.query(
        "SELECT status, is_rebaseline, reviewed_by, review_reason FROM community.mee6_syncs "
        f"WHERE sync_id = {quarantined}"
    ).iloc[0]
    assert row.tolist() == ["accepted", True, "ui", "a reset"]
