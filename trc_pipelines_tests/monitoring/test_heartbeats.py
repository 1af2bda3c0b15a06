"""Signs of life outside: what is told when, and that nobody waits for it."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from trc_pipelines.definitions import defs
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.monitoring.channels import DeliveryError, send_heartbeat
from trc_pipelines.monitoring.heartbeats import send_heartbeats
from trc_pipelines.settings import Settings
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.monitoring.conftest import PATIENT, SOON, Configure
from trc_pipelines_tests.receivers import SILENT, Receiver
from trc_pipelines_tests.world import World

NOW = datetime.now(UTC)
RUN = "123e4567-e89b-42d3-a456-426614174000"


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with lend_database(request, 18) as url:
        yield url


def lines(receiver: Receiver) -> list[str]:
    """Request lines without method, version and the id of the run."""
    return [sent.raw.split(b" ")[1].decode().split("?rid")[0] for sent in receiver.sent]


@pytest.mark.parametrize(
    ("path", "signal", "asked"),
    [
        ("/ping/key/{job}", "success", f"/ping/key/mee6_sync?rid={RUN}"),
        ("/ping/key/{job}", "start", f"/ping/key/mee6_sync/start?rid={RUN}"),
        ("/ping/key", "fail", f"/ping/key/mee6_sync/fail?rid={RUN}"),
        ("/ping/key/", "success", f"/ping/key/mee6_sync?rid={RUN}"),
        ("/ping/key?create=1", "start", f"/ping/key/mee6_sync/start?create=1&rid={RUN}"),
        ("", "success", f"/mee6_sync?rid={RUN}"),
    ],
)
def test_the_url_names_the_job_and_what_happened(
    path: str,
    signal: Any,
    asked: str,
    receiver: Receiver,
    configure: Configure,
) -> None:
    settings = configure(heartbeat_url=f"http://{receiver.host}{path}")
    send_heartbeat(settings, "mee6_sync", signal, RUN)
    (sent,) = receiver.sent
    assert sent.raw.startswith(f"GET {asked} HTTP".encode())


def test_without_a_url_nothing_is_sent(
    world: World,
    receiver: Receiver,
    configure: Configure,
) -> None:
    send_heartbeat(configure(), "mee6_sync", "success", RUN)
    assert send_heartbeats(world.database, configure(), [], set()) == (
        set(),
        "HEARTBEAT_URL is not set",
    )
    assert receiver.sent == []


@pytest.mark.parametrize("answer", [302, 404, 500, SILENT])
def test_what_was_not_taken_is_said_in_time_and_shows_no_url(
    answer: int | str,
    receiver: Receiver,
    configure: Configure,
) -> None:
    settings = configure(heartbeat_url=f"http://{receiver.host}/canary")
    receiver.answer = answer
    began = time.monotonic()
    with pytest.raises(DeliveryError, match="heartbeat") as refused:
        send_heartbeat(settings, "mee6_sync", "success", RUN, deadline_seconds=SOON)
    assert time.monotonic() - began < PATIENT
    for secret in ("canary", receiver.host):
        assert secret not in f"{refused.value} {refused.value.__context__} {settings!r}"


def executed(world: World, run_id: str, state: str) -> None:
    world.execute(
        "INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, "
        "affected_count, duration_ms, details, executed_at, executed_by) VALUES ('mee6_sync', "
        f"'{run_id}', now(), '{state}', {state == 'succeeded'}, 'm', 0, 0, '{{}}', now(), 'test')"
    )


def test_a_success_and_a_failure_are_told_once_and_a_skip_is_neither(
    world: World,
    receiver: Receiver,
    configure: Configure,
) -> None:
    settings = configure(heartbeat_url=f"http://{receiver.host}/key")
    with world.database.transaction() as transaction:
        transaction.execute("jobs/insert_job", job_name="mee6_sync", now=NOW)
    for run_id, state in enumerate(["succeeded", "skipped", "interrupted", "running", "failed"]):
        executed(world, str(run_id), state)
        for _ in range(2):
            send_heartbeats(world.database, settings, [], set())
    assert lines(receiver) == ["/key/mee6_sync", "/key/mee6_sync/fail"]


def test_what_nobody_took_is_told_later_and_the_round_ends_at_once(
    world: World,
    receiver: Receiver,
    configure: Configure,
) -> None:
    settings = configure(heartbeat_url=f"http://{receiver.host}/key")
    with world.database.transaction() as transaction:
        transaction.execute("jobs/insert_job", job_name="mee6_sync", now=NOW)
    executed(world, "1", "succeeded")
    receiver.answer = 500
    _told, said = send_heartbeats(world.database, settings, [], set())
    assert "answered 500" in said
    receiver.sent.clear()
    receiver.answer = 200
    send_heartbeats(world.database, settings, [], set())
    assert lines(receiver) == ["/key/mee6_sync"]


def test_a_run_that_begins_is_told_once(
    world: World,
    receiver: Receiver,
    configure: Configure,
) -> None:
    settings = configure(heartbeat_url=f"http://{receiver.host}/key")
    with dg.DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(
            instance, job_name="mee6_sync", status=dg.DagsterRunStatus.STARTED
        )
    told, _said = send_heartbeats(world.database, settings, [run], set())
    told, _said = send_heartbeats(world.database, settings, [run], told)
    assert lines(receiver) == ["/key/mee6_sync/start"]
    assert send_heartbeats(world.database, settings, [], told)[0] == set()


def test_the_daemon_itself_gives_signs_of_life_and_a_mute_receiver_does_not_stop_it(
    world: World,
    receiver: Receiver,
    configure: Configure,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", world.database.url)
    monkeypatch.setenv("HEARTBEAT_URL", f"http://{receiver.host}/key")
    connected.cache_clear()

    def tick(name: str) -> str:
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(instance) as context,
        ):
            return defs().resolve_sensor_def(name).evaluate_tick(context).skip_message or ""

    assert tick("health_sensor") == "all is well"
    assert tick("heartbeat_sensor") == "0 sent"
    assert lines(receiver) == ["/key/health"]
    receiver.answer = 503
    assert tick("health_sensor") == "all is well; heartbeat answered 503"
    connected.cache_clear()


def test_a_job_does_not_wait_for_it_and_does_not_fail_of_it(
    world: World,
    receiver: Receiver,
) -> None:
    receiver.answer = SILENT
    settings: Settings = world.settings.model_copy(
        update={"heartbeat_url": f"http://{receiver.host}/key"}
    )
    world.settings = settings
    world.link({"ann": 1001})
    world.sync(NOW.replace(microsecond=0) - timedelta(seconds=1), {1001: 5})
    states = world.query("SELECT state FROM operations.job_executions")["state"].tolist()
    assert states == ["succeeded"]
    assert receiver.sent == []
