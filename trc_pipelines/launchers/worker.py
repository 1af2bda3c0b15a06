"""A worker's side of the queue: Celery's application, which `trc worker` starts.

Runs have processes of their own, forked when the definitions are loaded, which they share. SIGTERM
and Ctrl-C interrupt what runs: it is rolled back, recorded, and the worker is gone within seconds.
SIGQUIT drains: no run is taken any more, and the worker leaves when its last one is over.
"""

import os
import signal
import sys

from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state
from dagster_celery.app import app

import trc_pipelines.definitions  # noqa: F401  # before processes are forked
from trc_pipelines.settings import load_settings

settings = load_settings()
app.conf.update(
    broker_url=settings.celery_broker_url,
    result_backend=settings.celery_result_url or settings.celery_broker_url,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # a worker waits for its broker for as long as it takes
    result_expires=86400,
    # A run stays in the queue, where any worker may take it, until one has a process that is free.
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    # Confirmed when it begins. Confirmed at its end, a run of a worker that died would be delivered
    # again after minutes, and only delay that Dagster finds out.
    task_acks_late=False,
    worker_max_tasks_per_child=50,  # what a run leaves in memory goes with the process
    # Dagster's own lines are logged as they are: Celery would make each a warning.
    worker_redirect_stdouts=False,
)
_drains: list[bool] = []


@worker_ready.connect
def get_ready(**_: object) -> None:
    """Make SIGQUIT what Celery calls a warm shutdown, for which it has SIGTERM, and say so."""
    worker = os.getpid()

    def drain(*_: object) -> None:
        _drains.append(True)
        os.kill(worker, signal.SIGTERM)

    signal.signal(signal.SIGQUIT, drain)
    sys.stdout.write(
        f"Worker {worker} is ready. Ctrl-C or SIGTERM interrupts its runs, SIGQUIT drains.\n"
    )
    sys.stdout.flush()


@worker_shutting_down.connect
def interrupt_runs(**_: object) -> None:
    """End what runs as on one machine: rolled back, and recorded as interrupted."""
    if _drains:
        _drains.clear()  # a SIGTERM that comes later means it
        return
    for request in list(state.active_requests):
        if request.worker_pid:
            os.kill(request.worker_pid, signal.SIGTERM)
