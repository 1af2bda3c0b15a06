"""More than one host: who executes runs, what is refused, and what every host must have alike."""

import os
import re
from datetime import datetime, timedelta, tzinfo
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from trc_pipelines import settings as settings_module
from trc_pipelines.cli import hosts
from trc_pipelines.cli.hosts import find_what_must_agree, write_agreements
from trc_pipelines.cli.installation import Installation, make_home
from trc_pipelines.settings import LAUNCHER_LIBRARIES, LAUNCHERS, Settings, load_settings
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

BROKER = "redis://:secret@broker:6379/0"
# What each launcher cannot do without.
NEEDED = {
    "celery": {"CELERY_BROKER_URL": BROKER},
    "docker": {"RUN_IMAGE": "trc:1"},
    "kubernetes": {"RUN_IMAGE": "trc:1"},
}


@pytest.fixture(autouse=True)
def _every_library_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "find_spec", lambda _name: object())


def switch_to(launcher: str, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in ({"RUN_LAUNCHER": launcher} | NEEDED.get(launcher, {}) | more).items():
        monkeypatch.setenv(name, value)


def read_instance(settings: Settings) -> dict:
    return yaml.safe_load((settings.trc_home / "dagster" / "dagster.yaml").read_text())


# Settings, and what is written from them.


def test_runs_stay_on_this_machine_unless_a_launcher_is_chosen(trc: Trc) -> None:
    settings = load_settings()
    assert settings.run_launcher == "in-host"
    assert "run_launcher" not in read_instance(settings)


@pytest.mark.parametrize("launcher", LAUNCHER_LIBRARIES)
def test_the_instance_follows_the_setting_and_holds_no_value_of_it(
    launcher: str, trc: Trc, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_to(launcher, monkeypatch)
    settings = load_settings()
    make_home(settings)
    instance = read_instance(settings)
    assert instance["run_launcher"]["config"]
    assert instance["concurrency"], "what stands in dagster.yaml stays"
    assert BROKER not in (settings.trc_home / "dagster" / "dagster.yaml").read_text()
    monkeypatch.setenv("RUN_LAUNCHER", "in-host")
    make_home(load_settings())
    assert "run_launcher" not in read_instance(settings)


@pytest.mark.parametrize("launcher", LAUNCHER_LIBRARIES)
def test_what_a_launcher_is_configured_by_reaches_dagsters_processes(
    launcher: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_to(launcher, monkeypatch)
    given = Installation(load_settings(), world.database, "postgresql://", False).environment
    needed = yaml.safe_load((LAUNCHERS / f"{launcher}.yaml").read_text())["run_launcher"]["config"]
    names = [
        value["env"] for value in needed.values() if isinstance(value, dict) and "env" in value
    ]
    assert names
    assert set(names) <= given.keys()
    if launcher == "celery":
        assert given["CELERY_RESULT_URL"] == given["CELERY_BROKER_URL"] == BROKER


def test_a_command_that_only_looks_leaves_the_launcher_where_it_is(
    trc: Trc, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_to("celery", monkeypatch)
    make_home(load_settings())
    monkeypatch.delenv("RUN_LAUNCHER")
    make_home(load_settings(), begins=False)
    assert "run_launcher" in read_instance(load_settings())


def test_what_an_operator_wrote_stays_whatever_the_launcher(
    trc: Trc, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = load_settings().trc_home / "dagster" / "dagster.yaml"
    edited = instance.read_text() + "run_launcher:\n  module: ours\n  class: OurLauncher\n"
    instance.write_text(edited)
    switch_to("celery", monkeypatch)
    make_home(load_settings())
    assert instance.read_text() == edited


# Refusals.


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"RUN_LAUNCHER": "swarm"},
            "RUN_LAUNCHER: is 'swarm'; accepts in-host, celery, docker, kubernetes",
        ),
        (
            {"RUN_LAUNCHER": "celery"},
            "CELERY_BROKER_URL: is not set, and RUN_LAUNCHER=celery needs",
        ),
        ({"RUN_LAUNCHER": "docker"}, "RUN_IMAGE: is not set, and RUN_LAUNCHER=docker needs"),
        ({"CELERY_BROKER_URL": "broker"}, "CELERY_BROKER_URL: accepts the URL of a broker"),
    ],
)
def test_a_launcher_that_lacks_something_says_what(
    given: dict[str, str],
    words: str,
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert trc("jobs") == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("launcher", LAUNCHER_LIBRARIES)
def test_a_launcher_whose_library_is_missing_names_the_extra(
    launcher: str, trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_module, "find_spec", lambda _name: None)
    switch_to(launcher, monkeypatch)
    assert trc("jobs") == 1
    assert f"pip install 'trc_pipelines[{launcher}]'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["control", "worker"])
def test_all_that_is_on_one_host_alone_is_named_at_once(
    command: str, trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEE6_GUILD_ID", "77")
    monkeypatch.setenv("MEDIA_URL", "/srv/media")
    assert trc(command) == 1
    told = capsys.readouterr().err
    assert f"RUN_LAUNCHER: is 'in-host'; trc {command} accepts celery" in told
    assert "DATABASE_URL: is not set, and an embedded database serves one host" in told
    assert "MEDIA_URL: is a folder of this host" in told


def test_a_worker_is_for_celery_alone(
    trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_to("docker", monkeypatch)
    assert trc("worker") == 1
    assert "RUN_LAUNCHER: is 'docker'; trc worker accepts celery" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["up", "demo"])
def test_everything_on_one_machine_is_refused_where_others_execute_runs(
    command: str, trc: Trc, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    switch_to("celery", monkeypatch)
    assert trc(command) == 1
    assert "trc control, and trc worker" in capsys.readouterr().err


# What every host must have alike.


@pytest.fixture
def many_hosts(world: World, trc: Trc, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """A control that has begun on the database of this test; `trc worker` would be a worker's."""
    switch_to(
        "celery",
        monkeypatch,
        DATABASE_URL=world.database.url,
        MEDIA_URL="s3://media",
        MEE6_GUILD_ID="77",
        COMMUNITY_START_ON="2026-01-01",
        SENTRY_DSN="https://secret@sentry.example/1",
    )
    control = Installation(load_settings(), world.database, "postgresql://", False)
    write_agreements(control)
    return control


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What this process would have become."""
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "chdir", lambda _folder: None)
    monkeypatch.setattr(os, "execv", lambda _program, command: commands.append(command))
    return commands


def test_a_worker_with_the_controls_settings_takes_its_queue(
    many_hosts: Installation, became: list[list[str]], trc: Trc
) -> None:
    assert trc("worker", "--queue", "heavy", "--slots", "2") == 0
    [command] = became
    assert command[command.index("--queues") + 1] == "heavy"
    assert command[command.index("--concurrency") + 1] == "2"


def test_a_worker_that_would_compute_something_else_is_told_in_what_it_differs(
    many_hosts: Installation,
    became: list[list[str]],
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COMMUNITY_START_ON", "2026-01-02")
    monkeypatch.setenv("SENTRY_DSN", "https://other@sentry.example/1")
    monkeypatch.setattr(hosts, "_digest_of_code", lambda: "0123456789ab")
    monkeypatch.setenv("WEBSERVER_PORT", "4000")  # which a host may have of its own
    assert trc("worker") == 1
    told = capsys.readouterr().err
    assert "COMMUNITY_START_ON: is 2026-01-02 here, and 2026-01-01 there" in told
    assert "SENTRY_DSN: is a secret with digest" in told
    assert "the code of trc_pipelines: is 0.1.0 (0123456789ab) here" in told
    assert "secret@" not in told
    assert "other@" not in told
    assert told.count("\n") == 4
    assert became == []


@pytest.mark.parametrize(("minutes", "words"), [(5, "ahead of"), (-5, "behind")])
def test_a_host_whose_clock_is_off_is_refused(
    minutes: int,
    words: str,
    many_hosts: Installation,
    became: list[list[str]],
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "datetime":
            return datetime.now(tz) + timedelta(minutes=minutes)

    monkeypatch.setattr(hosts, "datetime", Clock)
    assert trc("worker") == 1
    said = capsys.readouterr().err
    [seconds] = re.findall(rf"the clock of this host is (\d+) s {words} the database's", said)
    assert 240 <= int(seconds) <= 360
    assert became == []


def test_a_worker_before_any_control_says_so(
    many_hosts: Installation,
    became: list[list[str]],
    world: World,
    trc: Trc,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world.execute("DELETE FROM operations.agreements")
    assert trc("worker") == 1
    assert "no control has begun on this database yet" in capsys.readouterr().err
    assert became == []


def test_a_control_that_starts_again_forgets_what_the_one_before_had(
    many_hosts: Installation, world: World
) -> None:
    world.execute("INSERT INTO operations.agreements VALUES ('CHESS', 'on', 'host', now())")
    write_agreements(many_hosts)
    names = set(world.query("SELECT name FROM operations.agreements")["name"])
    assert names == find_what_must_agree(many_hosts.settings).keys()
    assert {"MEE6_GUILD_ID", "SUNDAY_TIMEZONE", "the library dagster", "Python"} <= names
    assert not {"TRC_HOME", "DATABASE_URL", "CELERY_BROKER_URL"} & names


def test_no_secret_is_written_down(many_hosts: Installation, world: World) -> None:
    assert "secret@" not in world.query("SELECT value FROM operations.agreements").to_csv()


@pytest.mark.skipif(find_spec("dagster_celery") is None, reason="the extra celery is not installed")
def test_dagster_can_build_what_the_file_for_celery_says(
    trc: Trc, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import dagster as dg

    switch_to("celery", monkeypatch, CELERY_RESULT_URL=BROKER, CELERY_QUEUE="trc")
    folder = tmp_path / "instance"
    folder.mkdir()
    (folder / "dagster.yaml").write_text((LAUNCHERS / "celery.yaml").read_text())
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        assert type(instance.run_launcher).__name__ == "QueueLauncher"
        assert vars(instance.run_launcher)["default_queue"] == "trc"
