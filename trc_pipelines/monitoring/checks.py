"""Checks in Dagster: asset checks, the jobs that evaluate them, and verdicts that stay in view."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from trc_pipelines.jobs.checks import MAX_SHOWN, Check
from trc_pipelines.jobs.orchestration import connected


def check_key(check: Check) -> dg.AssetCheckKey:
    """Return the key by which Dagster knows a check."""
    return dg.AssetCheckKey(dg.AssetKey(check.table.split(".")), check.name)


def build_check(check: Check) -> dg.AssetChecksDefinition:
    """Make Dagster's form of a check."""

    @dg.asset_check(
        name=check.name,
        asset=dg.AssetKey(check.table.split(".")),
        description=check.description,
    )
    def audit(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        database, _settings = connected(context.run.run_id)
        with database.transaction() as transaction:
            violations = check.evaluate(transaction, datetime.now(UTC))
        first = violations.head(MAX_SHOWN).to_dict("records")
        return dg.AssetCheckResult(
            passed=violations.empty,
            metadata={"violations": len(violations), "first": str(first)},
        )

    return audit


def build_check_job(name: str, checks: Sequence[Check], description: str) -> Any:
    """Make a job that evaluates these checks."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.checks(*[check_key(check) for check in checks]),
        description=description,
    )


def build_check_schedule(job: Any, cron: str) -> dg.ScheduleDefinition:
    """Make the schedule of a job of checks."""
    return dg.ScheduleDefinition(
        job=job, cron_schedule=cron, default_status=dg.DefaultScheduleStatus.RUNNING
    )


def show_results(
    instance: dg.DagsterInstance, checks: Sequence[Check], results: Sequence[Mapping[str, Any]]
) -> int:
    """Show each verdict for the newest materialization of its asset.

    Dagster shows a check as not evaluated once its asset is materialised again, which is every
    quarter of an hour here. A verdict stands until the check is evaluated again, and says when it
    was. It also shows what `trc verify` found, of tables that no step makes as well.

    Args:
        results: as for `assess_checks`, with evaluated_at.

    Returns:
        How many were not shown yet.
    """
    by_key = {(row["table_name"], row["check_name"]): row for row in results}
    executions = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [check_key(check) for check in checks]
    )
    records = instance.get_asset_records(list({check_key(check).asset_key for check in checks}))
    materializations = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_record
        for record in records
    }
    shown = 0
    for check in checks:
        row = by_key.get((check.table, check.name))
        newest = materializations.get(check_key(check).asset_key)
        execution = executions.get(check_key(check))
        if row is None or row["evaluated_at"] is None:
            continue
        if execution and execution.status is AssetCheckExecutionRecordStatus.PLANNED:
            continue  # about to be evaluated
        event = execution and execution.event
        if execution and event and event.timestamp > row["evaluated_at"].timestamp():
            target = execution.evaluation and execution.evaluation.target_materialization_data
            if (
                newest is None
                or execution.run_id == newest.run_id
                or (target and target.storage_id == newest.storage_id)
            ):
                continue
        instance.report_runless_asset_event(
            AssetCheckEvaluation(
                check_key(check).asset_key,
                check.name,
                passed=row["has_passed"],
                metadata={
                    "violations": row["violations_count"],
                    "first": row["first_violations"],
                    "evaluated_at": dg.TimestampMetadataValue(row["evaluated_at"].timestamp()),
                },
                target_materialization_data=newest
                and AssetCheckEvaluationTargetMaterializationData(
                    storage_id=newest.storage_id,
                    run_id=newest.run_id,
                    timestamp=newest.timestamp,
                ),
            )
        )
        shown += 1
    return shown
