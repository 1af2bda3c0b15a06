"""Heartbeats to a monitor outside (`HEARTBEAT_URL`), which alerts people when they stay away.

The daemon sends them from what is stored: no job waits for it, none fails because of it, and when
the daemon, the database or this machine is dead nothing is sent, which is what is noticed.
"""

import time
from collections.abc import Sequence

from dagster import DagsterRun

from trc_pipelines.database.connection import Database
from trc_pipelines.monitoring.channels import DeliveryError, Signal, send_heartbeat
from trc_pipelines.settings import Settings

# The daemon ends a tick after a minute, whatever it does.
BUDGET_SECONDS = 40
# What the heartbeat of the health sensor is called, which notices everything else.
HEALTH = "health"


def send_heartbeats(
    database: Database, settings: Settings, running: Sequence[DagsterRun], announced: set[str]
) -> tuple[set[str], str]:
    """Report runs that began, then the newest end of each job, successes and failures alone.

    A run that was skipped or stopped is no success: nothing is sent, and the wait goes on.

    Args:
        running: runs of watched jobs that are going on.
        announced: ids of runs whose start was reported before.

    Returns:
        Ids of the running ones whose start is reported, and one line about the round.
    """
    if settings.heartbeat_url is None:
        return set(), "HEARTBEAT_URL is not set"
    give_up_at = time.monotonic() + BUDGET_SECONDS
    announced = announced & {run.run_id for run in running}
    sent = 0
    try:
        for run in running:
            if run.run_id not in announced and time.monotonic() < give_up_at:
                send_heartbeat(settings, run.job_name, "start", run.run_id)
                announced.add(run.run_id)
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
        # The next heartbeat would wait for the same receiver in vain.
        return announced, f"{sent} sent; {error}, tried again later"
    return announced, f"{sent} sent"


def send_health_heartbeat(settings: Settings) -> str:
    """Report that health was looked at, and return why that failed, if it did."""
    try:
        send_heartbeat(settings, HEALTH, "success")
    except DeliveryError as error:
        return f"; {error}"
    return ""
