"""The sensors that watch: health of jobs, runs that died, alerts and heartbeats that are due."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg
import pandas as pd
from dagster import DagsterRunStatus, RunRecord, RunsFilter

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.checks import Check
from trc_pipelines.jobs.contract import Job
from trc_pipelines.jobs.orchestration import (
    EXECUTED_BY_TAG,
    as_of_tag,
    connected,
    session_name,
)
from trc_pipelines.monitoring.alerts import Alert, enqueue_alert
from trc_pipelines.monitoring.checks import show_results
from trc_pipelines.monitoring.delivery import deliver
from trc_pipelines.monitoring.failures import Failure, find_failures, find_refusal
from trc_pipelines.monitoring.health import FindConditions, watch
from trc_pipelines.monitoring.heartbeats import send_health_heartbeat, send_heartbeats
from trc_pipelines.settings import IN_HOST
from trc_pipelines.words import counted

# A run that logs nothing and holds no session for so long has lost its process. Where runs are executed
# beside the code server that one notices first; of other hosts nothing else is heard.
SILENT_AFTER, LOOKED_FOR_EVERY = timedelta(minutes=2), timedelta(minutes=1)
SILENT_ELSEWHERE_AFTER, LOOKED_FOR_ELSEWHERE_EVERY = timedelta(seconds=20), timedelta(seconds=10)
ENDED_WITHIN = timedelta(days=1)
MOST_RUNS = 200
STATES = {DagsterRunStatus.FAILURE: "failed", DagsterRunStatus.CANCELED: "interrupted"}


def build_health_sensor(
    jobs: Sequence[Job], finders: Sequence[FindConditions], checks: Sequence[Check]
) -> dg.SensorDefinition:
    """Make the sensor that looks at every job and check, every five minutes."""

    @dg.sensor(
        name="health_sensor",
        minimum_interval_seconds=300,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares each job's last success with its limit, looks at what checks found; "
        "opens and closes incidents.",
    )
    def look(_context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
        database, settings = connected()
        with database.transaction() as transaction:
            found = watch(transaction, settings, jobs, finders, datetime.now(UTC), checks)
        wrong = ", ".join(f"{condition.subject} {condition.kind}" for condition in found)
        unsent = send_health_heartbeat(settings)
        yield dg.SkipReason((f"wrong now: {wrong}" if wrong else "all is well") + unsent)

    return look


def build_checks_sensor(checks: Sequence[Check]) -> dg.SensorDefinition:
    """Make the sensor that keeps the verdicts of checks in view."""

    @dg.sensor(
        name="checks_sensor",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what a check found for what was materialised since, and what trc verify "
        "found.",
    )
    def show(context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
        database, _settings = connected()
        with database.transaction(commit=False) as transaction:
            results = transaction.read_rows("monitoring/select_check_results")
        shown = show_results(context.instance, checks, results)
        yield dg.SkipReason(f"shown again: {counted(shown, 'verdicts')}")

    return show


def build_alerts_sensor(jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Make the sensor that sends what is due in the outbox, every half minute."""

    @dg.sensor(
        name="alerts_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends alerts and check-ins; what could not be sent is tried again later.",
    )
    def send(_context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
        yield dg.SkipReason(deliver(*connected(), jobs, datetime.now(UTC)))

    return send


def build_heartbeat_sensor(jobs: Sequence[Job]) -> dg.SensorDefinition:
    """Make the sensor that sends the heartbeats of every job, every half minute."""
    names = {job.name for job in jobs}

    @dg.sensor(
        name="heartbeat_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports to HEARTBEAT_URL which jobs began, succeeded or failed.",
    )
    def send(context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
        runs = context.instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
        running = [run for run in runs if run.job_name in names]
        before = set(json.loads(context.cursor or "[]"))
        announced, said = send_heartbeats(*connected(), running, before)
        context.update_cursor(json.dumps(sorted(announced)))
        yield dg.SkipReason(said)

    return send


def build_runs_sensor(jobs: Sequence[Job], launcher: str = IN_HOST) -> dg.SensorDefinition:
    """Make the sensor that records and reports failed runs, and ends those whose process is gone.

    Args:
        launcher: who executes runs.
    """
    names = {job.name for job in jobs}
    silent_after, every = (
        (SILENT_AFTER, LOOKED_FOR_EVERY)
        if launcher == IN_HOST
        else (SILENT_ELSEWHERE_AFTER, LOOKED_FOR_ELSEWHERE_EVERY)
    )

    @dg.sensor(
        name="runs_sensor",
        minimum_interval_seconds=int(every.total_seconds()),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Ends runs whose process died unseen, and records and reports failed runs.",
    )
    def look(context: dg.SensorEvaluationContext) -> Iterator[dg.SkipReason]:
        database, _settings = connected()
        now = datetime.now(UTC)
        # One look alone may find a run that is just connecting again, after the database was away.
        before = frozenset(json.loads(context.cursor or "[]"))
        with database.transaction() as transaction:
            unseen = find_unseen_runs(context.instance, transaction)
            again = [run for run in unseen if run.dagster_run.run_id in before]
            lost = end_lost_runs(context.instance, again, now, silent_after)
            ended = context.instance.get_run_records(
                RunsFilter(
                    statuses=list(STATES),
                    updated_after=now - ENDED_WITHIN,
                ),
                limit=MOST_RUNS,
            )
            record_ended_runs(context.instance, transaction, ended, names, now)
        context.update_cursor(json.dumps(sorted(run.dagster_run.run_id for run in unseen)))
        yield dg.SkipReason(f"ended: {counted(len(lost), 'runs')} without a process")

    return look


def find_unseen_runs(instance: dg.DagsterInstance, transaction: Transaction) -> list[RunRecord]:
    """Find runs that are said to be going on, and have no session."""
    running = instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.STARTED]))
    sessions = set(transaction.read("monitoring/select_sessions")["session"])
    return [run for run in running if session_name(run.dagster_run.run_id) not in sessions]


def end_lost_runs(
    instance: dg.DagsterInstance,
    unseen: Sequence[RunRecord],
    now: datetime,
    silent_after: timedelta = SILENT_AFTER,
) -> list[str]:
    """Fail runs without a session of which nothing was heard for a while either.

    Dagster itself notices a dead process only while its code server lives, and on another host hardly
    ever. Otherwise the run would hold its place until its longest runtime is over.

    Returns:
        Their ids.
    """
    lost = [
        record.dagster_run.run_id
        for record in unseen
        if now - _last_sign_of_life(instance, record) > silent_after
    ]
    for run_id in lost:
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status is DagsterRunStatus.STARTED:
            instance.report_run_failed(
                run, "the process of this run is gone; what was open is rolled back"
            )
    return lost


def record_ended_runs(
    instance: dg.DagsterInstance,
    transaction: Transaction,
    records: Sequence[RunRecord],
    names: set[str],
    now: datetime,
) -> None:
    """Record runs that did not live to do so themselves, and report the failed ones once."""
    runs = [record.dagster_run for record in records]
    quiet = set(
        transaction.read("monitoring/select_quiet_ends", since=now - ENDED_WITHIN)["run_id"]
    )
    failures = {
        run.run_id: find_failures(instance, run.run_id)
        for run in runs
        if run.status is DagsterRunStatus.FAILURE and run.run_id not in quiet
    }
    refused = {
        run_id: said
        for run_id, found in failures.items()
        if (said := find_refusal(found)) is not None
    }
    ended = pd.DataFrame(
        {
            "job_name": [run.job_name for run in runs],
            "run_id": [run.run_id for run in runs],
            "as_of": [
                as_of_tag(run.tags) or record.create_timestamp.isoformat()
                for run, record in zip(runs, records, strict=True)
            ],
            "state": ["skipped" if run.run_id in refused else STATES[run.status] for run in runs],
            "message": [
                refused.get(run.run_id, "the run ended before its first step did") for run in runs
            ],
            "executed_by": [_who_asked(run) for run in runs],
            "ended_at": [_end_of(record).isoformat() for record in records],
        },
        dtype="str",
    )
    transaction.stage("staged_ended_runs", ended[ended["job_name"].isin(names)])
    transaction.execute("monitoring/insert_ended_runs")
    for run in runs:
        if run.run_id in failures and run.run_id not in refused:
            enqueue_alert(transaction, _alert_of_failure(run, failures[run.run_id]), now)


def _end_of(record: RunRecord) -> datetime:
    return datetime.fromtimestamp(record.end_time or record.update_timestamp.timestamp(), UTC)


def _alert_of_failure(run: dg.DagsterRun, failures: list[Failure]) -> Alert:
    partition = run.tags.get("dagster/partition") or run.tags.get(
        "dagster/asset_partition_range_start", ""
    )
    return Alert(
        f"run_failed:{run.run_id}",
        "error",
        f"{run.job_name} failed",
        f"Run {run.run_id} of {run.job_name} failed; its log is in the Dagster UI.",
        {"kind": "run_failed", "job": run.job_name, "run_id": run.run_id, "partition": partition},
        is_for_people=False,
        failures=failures,
    )


def _who_asked(run: dg.DagsterRun) -> str:
    return run.tags.get(EXECUTED_BY_TAG) or run.tags.get("dagster/schedule_name", "dagster")


def _last_sign_of_life(instance: dg.DagsterInstance, record: RunRecord) -> datetime:
    latest = instance.get_records_for_run(record.dagster_run.run_id, limit=1, ascending=False)
    stamps = [entry.event_log_entry.timestamp for entry in latest.records]
    return datetime.fromtimestamp(max([record.update_timestamp.timestamp(), *stamps]), UTC)
