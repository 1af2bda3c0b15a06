"""Checks: sentences that are true of the tables. Seen in the UI as asset checks, run by `trc verify`."""

from dataclasses import dataclass

import dagster as dg
import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.operations.orchestration import connected

MAX_SHOWN = 5


@dataclass(frozen=True)
class Check:
    """A sentence about a table, and the statement that finds the rows which break it.

    Attributes:
        table: the asset it belongs to, as `schema.table`.
        name: the sentence, true when nothing is found; `sql/<schema>/check_<name>.sql` looks.
        home: schema of what several domains share; its statement looks, and gets the domain as $1.
    """

    table: str
    name: str
    description: str
    home: str | None = None

    def find_violations(self, transaction: Transaction) -> pd.DataFrame:
        """Rows that break the sentence, worst or first one first; empty when it holds."""
        domain = self.table.split(".")[0]
        if self.home:
            return transaction.read(f"{self.home}/check_{self.name}", domain)
        return transaction.read(f"{domain}/check_{self.name}")


def build_check(check: Check) -> dg.AssetChecksDefinition:
    """Dagster's form of a check."""

    @dg.asset_check(
        name=check.name,
        asset=dg.AssetKey(check.table.split(".")),
        description=check.description,
    )
    def audit(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        database, _settings = connected(context.run.run_id)
        with database.transaction(commit=False) as transaction:
            violations = check.find_violations(transaction)
        first = violations.head(MAX_SHOWN).to_dict("records")
        return dg.AssetCheckResult(
            passed=violations.empty,
            metadata={"violations": len(violations), "first": str(first)},
        )

    return audit
