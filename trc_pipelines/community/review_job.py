"""What a person does from the Dagster UI: decide about a quarantined sync."""

from datetime import UTC, datetime
from typing import cast

import dagster as dg

from trc_pipelines.community.reviews import DECISIONS, Decision, review_sync
from trc_pipelines.jobs.orchestration import MAX_RUNTIME_SECONDS, connected


@dg.op(
    config_schema={
        "sync_id": dg.Field(dg.Int, description="The sync, as the alert or the check names it."),
        "decision": dg.Field(
            dg.Enum("decision", [dg.EnumValue(decision) for decision in DECISIONS]),
            description="approve: believe it. rebaseline: count anew from its figures, no points "
            "either way. discard: nothing comes of it.",
        ),
        "reason": dg.Field(dg.String, description="Why; it is kept with the sync."),
    }
)
def decide(context: dg.OpExecutionContext) -> None:
    """Write the decision down; the next sync acts on it."""
    database, _settings = connected(context.run.run_id)
    with database.transaction() as transaction:
        done = review_sync(
            transaction,
            context.op_config["sync_id"],
            cast("Decision", context.op_config["decision"]),
            reason=context.op_config["reason"],
            reviewed_by="ui",
            now=datetime.now(UTC),
        )
    context.log.info(done)
    context.add_output_metadata({"done": done})


@dg.job(tags={"dagster/max_runtime": str(MAX_RUNTIME_SECONDS)})
def review_snapshot() -> None:
    """Decide about a quarantined sync: fill in the launchpad. The same as `trc snapshots`."""
    decide()
