"""Runs through a queue: Dagster's launcher for Celery, and what it lacks."""

from celery.result import denied_join_result
from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError


class QueueLauncher(CeleryRunLauncher):
    """Put runs into the queue that workers take them from."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Put a run into the queue.

        Raises:
            DagsterUserCodeUnreachableError: the broker does not answer. It is the one error after which
                Dagster's daemon keeps the run and tries again: any other ends it.
        """
        try:
            # Nobody waits here for results. Celery would listen for each of them, for as long as the
            # daemon lives, and try for 20 s to do so when the broker is away.
            with denied_join_result():
                super().launch_run(context)
        except OperationalError as error:
            raise DagsterUserCodeUnreachableError(
                f"the broker of CELERY_BROKER_URL does not answer: {error}"
            ) from error

    def terminate(self, run_id: str) -> bool:
        """End a run, and have it say that somebody wanted it: it is canceled then, and not failed."""
        run: DagsterRun | None = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        return bool(super().terminate(run_id))

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell what Celery knows of a run that has begun.

        A broker that was restarted may know nothing of it any more, and Dagster would fail it while it
        goes on. Whether it lives is told by its sessions then (`runs_sensor`).
        """
        health: CheckRunHealthResult = super().check_run_worker_health(run)
        if health.status is WorkerStatus.UNKNOWN:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return health
