"""Many players at a time: what is due is changed in batches, and published in events."""

from collections.abc import Callable, Iterator

import pandas as pd

from trc_pipelines.jobs.contract import Budget, JobError, Work
from trc_pipelines.jobs.events import record_events

# Rows in memory at a time, however many players there are.
BATCH = 200_000
MOST_REFUSALS = 100


def change_in_batches(
    budget: Budget, change: Callable[[int], pd.DataFrame | None]
) -> Iterator[pd.DataFrame]:
    """Change some rows at a time, until nothing is left to change or the budget is spent.

    Args:
        change: finds at most so many rows, changes those that still are as they were found
            (optimistic concurrency), and gives what it changed; None when it found none.

    Raises:
        JobError: everything found is changed by others, time after time.
    """
    refusals = 0
    while not budget.is_spent:
        changed = change(budget.at_most(BATCH))
        if changed is None:
            return
        refusals = 0 if len(changed) else refusals + 1
        if refusals == MOST_REFUSALS:
            raise JobError(
                f"{refusals} times all rows that were due had changed before they could be written. "
                "Nothing was done: run it again, or look who writes them."
            )
        budget.take(len(changed))
        yield changed


def publish(work: Work, event_type: str, payloads: pd.DataFrame, keys: pd.Series) -> None:
    """Write one event for each row, once for each key."""
    record_events(
        work.transaction,
        event_type,
        payloads,
        dedupe_keys=keys,
        occurred_at=work.as_of,
        run_id=work.options.run_id,
    )
