"""What a person does from the Dagster UI: decide about a quarantined sync."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field

from trc_pipelines.community.reviews import Decision, review_sync
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Action
from trc_pipelines.settings import Settings


class Review(BaseModel):
    """Which reading, and what becomes of it."""

    sync_id: int = Field(description="The sync, as the alert or the check names it.")
    decision: Decision = Field(
        description="approve: believe it. rebaseline: count from its figures on, no points either "
        "way. discard: nothing comes of it."
    )
    reason: str = Field(description="Why; it is kept with the sync.")


def _review(database: Database, _settings: Settings, _run_id: str, review: Review) -> str:
    with database.transaction() as transaction:
        return review_sync(
            transaction,
            review.sync_id,
            review.decision,
            reason=review.reason,
            reviewed_by="ui",
            now=datetime.now(UTC),
        )


REVIEW_SNAPSHOT = Action(
    "review_snapshot",
    "Decide about a quarantined sync: fill in the launchpad. The same as `trc snapshots`.",
    Review,
    _review,
)
