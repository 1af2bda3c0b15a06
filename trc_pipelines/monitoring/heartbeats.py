"""Signs of life to somebody outside (`HEARTBEAT_URL`), who tells people when they stay away.

The daemon sends them from what is stored: no job waits for it, none fails of it, and when the
daemon, the database or this machine is dead nothing is sent, which is what is noticed.
"""

import time
from collections.abc import Sequence

from dagster import DagsterRun

from trc_pipelines.database.connection import Database
from trc_pipelines.monitoring.channels import DeliveryError, Signal, send_heartbeat
from trc_pipelines.settings import Settings

# A tick of the daemon ends after a minute, whatever it does.
BUDGET_SECONDS = 40
# What the look at all jobs is called: it is what notices the rest.
HEALTH = "health"


def beat(
    database: Database, settings: Settings, running: Sequence[DagsterRun], told: set[str]
) -> tuple[set[str], str]:
    """Tell of runs that began, then of the newest end of each job, successes and failures alone.

    A run that was skipped or stopped is no success: nothing is sent, and the wait goes on.

    Args:
        running: runs of watched jobs that are going on.
        told: ids of runs whose begin was told before.

    Returns:
        Ids of the running ones that were told, and one line about the round.
    """
    if settings.heartbeat_url is None:
        return set(), "HEARTBEAT_URL is not set"
    give_up_at = time.monotonic() + BUDGET_SECONDS
    told = told & {run.run_id for run in running}
    sent = 0
    try:
        for run in running:
            if run.run_id not in told and time.monotonic() < give_up_at:
                send_heartbeat(settings, run.job_name, "start", run.run_id)
                told.add(run.run_id)
                sent += 1
        with database.transaction(commit=False) as transaction:
            ended = transaction.read_rows("monitoring/select_heartbeats")
        for row in ended:
            if time.monotonic() < give_up_at:
                outcome: Signal = "success" if row["success"] else "fail"
                send_heartbeat(settings, row["job_name"], outcome, row["run_id"])
                with database.transaction() as transaction:
                    transaction.execute(
                        "monitoring/mark_heartbeat",
                        job_name=row["job_name"],
                        execution_id=row["execution_id"],
                    )
                sent += 1
    except DeliveryError as error:
        # The next would wait for the same in vain.
        return told, f"{sent} sent; {error}, tried again later"
    return told, f"{sent} sent"


def beat_of_health(settings: Settings) -> str:
    """Tell that health was looked at; what went wrong, or nothing."""
    try:
        send_heartbeat(settings, HEALTH, "success")
    except DeliveryError as error:
        return f"; {error}"
    return ""
