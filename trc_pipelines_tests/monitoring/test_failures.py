"""What Sentry gets of a failed run: where it failed and why, and nothing of what was in it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest

from trc_pipelines.database.connection import DatabaseError
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.monitoring.channels import RELEASE
from trc_pipelines.monitoring.delivery import deliver
from trc_pipelines.monitoring.failures import describe, find_failures, name_cause
from trc_pipelines.monitoring.sensors import record_ended_runs
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.receivers import Receiver
from trc_pipelines_tests.world import World


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def raise_deep(error: Exception, member: str) -> None:
    password = f"canary-of-{member}"
    if password:
        raise error


def run_that_raises(instance: dg.DagsterInstance, error: Exception) -> str:
    """A run of a job whose asset raises among secrets and names; its id."""

    @dg.asset
    def canary_table() -> None:
        row = {"name": "Canary Person", "token": "canary-token"}
        try:
            raise_deep(error, row["name"])
        except KeyError as problem:
            raise JobError("the points cannot be posted") from problem

    job = dg.define_asset_job("mee6_sync", [canary_table])
    definitions = dg.Definitions([canary_table], jobs=[job])
    result = definitions.resolve_job_def("mee6_sync").execute_in_process(
        instance=instance, raise_on_error=False, tags={"dagster/partition": "2026-03-04"}
    )
    return result.run_id


def report(world: World, instance: dg.DagsterInstance) -> None:
    with world.database.transaction() as transaction:
        records, now = instance.get_run_records(), datetime.now(UTC)
        record_ended_runs(instance, transaction, records, {"mee6_sync"}, now)


ERRORS = {
    "of ours": (JobError("nothing was posted"), "nothing was posted"),
    "of the server": (
        DatabaseError('community/insert: invalid input syntax for type integer: "Canary"', "22P02"),
        "community/insert: invalid input syntax for type integer: …",
    ),
    "of a library": (ValueError("cannot convert 'Canary Person' to int"), ""),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_failure_is_its_type_and_frames_and_says_nothing_of_data(
    name: str, instance: dg.DagsterInstance
) -> None:
    error, text = ERRORS[name]
    (failure,) = find_failures(instance, run_that_raises(instance, error))
    assert failure["type"].rpartition(".")[2] == type(error).__name__
    assert failure["text"] == text
    assert failure["frames"][-1]["function"] == "raise_deep"
    assert failure["frames"][-1]["file"] == "trc_pipelines_tests/monitoring/test_failures.py"
    assert failure["frames"][0]["file"].startswith("dagster/")
    assert all(frame.keys() == {"file", "function", "line"} for frame in failure["frames"])
    assert "anary" not in json.dumps(failure).replace("canary_table", "")


def test_a_chain_of_causes_is_kept_and_the_first_cause_names_it(
    instance: dg.DagsterInstance,
) -> None:
    failures = find_failures(instance, run_that_raises(instance, KeyError("Canary")))
    assert [failure["type"].rpartition(".")[2] for failure in failures] == ["JobError", "KeyError"]
    assert failures[1]["text"] == ""
    assert name_cause(failures)[0] == "KeyError"


def test_a_run_without_an_exception_has_no_failures(instance: dg.DagsterInstance) -> None:
    assert find_failures(instance, "123e4567-e89b-42d3-a456-426614174000") == []
    assert name_cause([]) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("", ("Exception", "")),
        ("KeyError: 'Canary'\n", ("KeyError", "")),
        ("trc_pipelines.jobs.contract.JobError: a: b\nc\n",
         ("trc_pipelines.jobs.contract.JobError", "a: b\nc")),
        ("trc_pipelines.x.Y\n", ("trc_pipelines.x.Y", "")),
    ],
)  # fmt: skip
def test_odd_errors_are_described(message: str, expected: tuple[str, str]) -> None:
    from dagster_shared.error import SerializableErrorInfo

    failure = describe(SerializableErrorInfo(message, ["no frame", ""], None))
    assert (failure["type"], failure["text"]) == expected
    assert failure["frames"] == []


def test_sentry_gets_exception_stack_release_environment_tags_and_a_fingerprint_per_cause(
    world: World,
    instance: dg.DagsterInstance,
    receiver: Receiver,
) -> None:
    settings = world.settings.model_copy(
        update={"sentry_dsn": receiver.dsn, "environment": "staging"}
    )
    run_ids = [
        run_that_raises(instance, JobError(f"nothing was posted, {number}")) for number in (1, 2)
    ]
    run_that_raises(instance, KeyError("Canary"))
    for _ in range(2):
        report(world, instance)
    deliver(world.database, settings, [], datetime.now(UTC))
    events = [sent.parsed[-1] for sent in receiver.sent]
    assert len(events) == 3
    by_run = {event["tags"]["run_id"]: event for event in events}
    event = by_run[run_ids[0]]
    assert event["release"] == RELEASE
    assert event["environment"] == "staging"
    assert event["tags"].items() >= {"job": "mee6_sync", "partition": "2026-03-04"}.items()
    (exception,) = event["exception"]["values"]
    assert exception["type"] == "JobError"
    assert exception["module"] == "trc_pipelines.jobs.contract"
    assert exception["value"] == "nothing was posted, 1"
    frame = exception["stacktrace"]["frames"][-1]
    assert frame.keys() == {"filename", "function", "lineno", "in_app"}
    assert frame["function"] == "raise_deep"
    prints = [by_run[run_id]["fingerprint"] for run_id in run_ids]
    assert prints[0] == prints[1]
    assert len({tuple(event["fingerprint"]) for event in events}) == 2
    chain = next(e for e in events if e["tags"]["run_id"] not in run_ids)["exception"]["values"]
    assert [one["type"] for one in chain] == ["KeyError", "JobError"]
    for sent in receiver.sent:
        assert b"anary" not in sent.raw.replace(b"canary_table", b"")
        for word in (b'"vars"', b"context_line", b"server_name", b"modules", b"password"):
            assert word not in sent.raw
