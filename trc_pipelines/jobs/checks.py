"""Checks: sentences that are true of the tables. Seen in the UI as asset checks, run by `trc verify`.

What a check found is kept (`operations.check_results`): health tells people of one that fails, and
of checks that are not evaluated any more.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.monitoring.alerts import Condition

MAX_SHOWN = 5
HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)
# A check is evaluated by a run, which may have to wait for a place, and takes its time.
GRACE = timedelta(minutes=90)
# What says which row it is, in whatever check: the rest are figures.
_NO_ID = re.compile(r"[^A-Za-z0-9_.:+/-]")
LONGEST_KEY = 64
_KEY_COLUMN = re.compile(r"(^|_)(id|day|week|period|start|board|badge)$")


@dataclass(frozen=True)
class Check:
    """A sentence about a table, and the statement that finds the rows which break it.

    Attributes:
        table: the asset it belongs to, as `schema.table`.
        name: the sentence, true when nothing is found; `sql/<schema>/check_<name>.sql` looks.
        home: schema of what several domains share; its statement looks, and gets the domain as :domain.
        every: how often it is evaluated: HOURLY what costs little or is money, DAILY what reads
            whole histories.
        remedy: what to do when it fails.
    """

    table: str
    name: str
    description: str
    home: str | None = None
    every: timedelta = DAILY
    remedy: str = "Find out who or what changed it and mend that."

    @property
    def key(self) -> dg.AssetCheckKey:
        """What Dagster calls it."""
        return dg.AssetCheckKey(dg.AssetKey(self.table.split(".")), self.name)

    def find_violations(self, transaction: Transaction) -> pd.DataFrame:
        """Rows that break the sentence, worst or first one first; empty when it holds."""
        domain = self.table.split(".")[0]
        if self.home:
            return transaction.read(f"{self.home}/check_{self.name}", domain=domain)
        return transaction.read(f"{domain}/check_{self.name}")

    def evaluate(self, transaction: Transaction, now: datetime) -> pd.DataFrame:
        """Find violations and write down that it was looked for; the violations."""
        violations = self.find_violations(transaction)
        transaction.execute(
            "jobs/upsert_check_result",
            table=self.table,
            name=self.name,
            violations_count=len(violations),
            first_violations=json.dumps(keys_of(violations.head(MAX_SHOWN))),
            now=now,
        )
        return violations


def keys_of(violations: pd.DataFrame) -> list[dict[str, str]]:
    """Ids and periods of these rows, as text: they say which ones, and nothing about anybody."""
    keys = violations[[name for name in violations.columns if _KEY_COLUMN.search(name)]]
    shown = keys.astype("str")
    # Ids are an app's: any text, and so hostile text as well.
    for name in keys.select_dtypes(["str", "object"]).columns:
        shown[name] = shown[name].str.replace(_NO_ID, "?", regex=True).str.slice(0, LONGEST_KEY)
    found: list[dict[str, str]] = shown.to_dict("records")  # type: ignore[assignment]
    return found


def assess_checks(
    checks: Sequence[Check], results: Sequence[Mapping[str, Any]], now: datetime
) -> list[Condition]:
    """Checks that do not hold, one condition each; and one for all that are not evaluated any more.

    Args:
        results: table_name, check_name, checked_at (or known since), has_passed (None: never
            evaluated), violations_count, first_violations (JSON), of every check.
    """
    by_key = {(row["table_name"], row["check_name"]): row for row in results}
    known = [(check, by_key[check.table, check.name]) for check in checks]
    broken = [
        Condition("broken", f"{check.table}.{check.name}", "error", _describe(check, row))
        for check, row in known
        if row["has_passed"] is False
    ]
    late = [check for check, row in known if row["checked_at"] + check.every + GRACE < now]
    if not late:
        return broken
    return [
        *broken,
        Condition(
            "stale",
            "checks",
            "error",
            f"{len(late)} of {len(known)} checks are not evaluated as often as they should be, first "
            f"{late[0].table}.{late[0].name}. Look at the runs of hourly_checks and verification in "
            "the Dagster UI. To evaluate all now: trc verify",
        ),
    ]


def build_check(check: Check) -> dg.AssetChecksDefinition:
    """Dagster's form of a check."""

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
    """A job that evaluates these checks."""
    return dg.define_asset_job(
        name,
        selection=dg.AssetSelection.checks(*[check.key for check in checks]),
        description=description,
    )


def show_results(
    instance: dg.DagsterInstance, checks: Sequence[Check], results: Sequence[Mapping[str, Any]]
) -> int:
    """Show each verdict for the newest materialization of its asset; how many were not shown yet.

    Dagster shows a check as not evaluated once its asset is materialised again, which is every
    quarter of an hour here. A verdict stands until the check is evaluated again, and says when it
    was. It also shows what `trc verify` found.

    Args:
        results: as for `assess_checks`, with evaluated_at.
    """
    by_key = {(row["table_name"], row["check_name"]): row for row in results}
    executions = instance.event_log_storage.get_latest_asset_check_execution_by_key(
        [check.key for check in checks]
    )
    records = instance.get_asset_records(list({check.key.asset_key for check in checks}))
    materializations = {
        record.asset_entry.asset_key: record.asset_entry.last_materialization_record
        for record in records
    }
    shown = 0
    for check in checks:
        row = by_key.get((check.table, check.name))
        newest = materializations.get(check.key.asset_key)
        execution = executions.get(check.key)
        if row is None or row["evaluated_at"] is None or newest is None:
            continue
        if execution and execution.status is AssetCheckExecutionRecordStatus.PLANNED:
            continue  # about to be evaluated
        event = execution and execution.event
        if execution and event and event.timestamp > row["evaluated_at"].timestamp():
            target = execution.evaluation and execution.evaluation.target_materialization_data
            if execution.run_id == newest.run_id or (
                target and target.storage_id == newest.storage_id
            ):
                continue
        instance.report_runless_asset_event(
            AssetCheckEvaluation(
                check.key.asset_key,
                check.name,
                passed=row["has_passed"],
                metadata={
                    "violations": row["violations_count"],
                    "first": row["first_violations"],
                    "evaluated_at": dg.TimestampMetadataValue(row["evaluated_at"].timestamp()),
                },
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=newest.storage_id,
                    run_id=newest.run_id,
                    timestamp=newest.timestamp,
                ),
            )
        )
        shown += 1
    return shown


def _describe(check: Check, row: Mapping[str, Any]) -> str:
    first = "; ".join(
        ", ".join(f"{name} {value}" for name, value in keys.items())
        for keys in json.loads(row["first_violations"])
    )
    count = row["violations_count"]
    return (
        f"{check.name} does not hold of {check.table}: {count} {'row' if count == 1 else 'rows'}, "
        f"first {first}. It should be so: {check.description} {check.remedy} "
        "Then, to see that it holds: trc verify"
    )
