"""What fails, one after the other, while a run is held in the middle of its step.

Each returns a row: what failed, what became of the run and when, when the next run began on another
host or on the same one, and what stands.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from psycopg2.extensions import connection

from trc_pipelines_tests.cluster.driving import OVER, Driver, now
from trc_pipelines_tests.cluster.network import ADDRESSES, CONTROL, WORKERS, cut_off
from trc_pipelines_tests.cluster.processes import (
    Installation,
    Postgres,
    Process,
    children_of,
    serve_broker,
    wait_until,
)
from trc_pipelines_tests.house import JOB, TABLE

Row = dict[str, str]


class Cluster:
    """A control; workers come and go, and the broker can be taken away."""

    def __init__(self, folder: Path, postgres: Postgres, stack: ExitStack) -> None:
        self.folder, self.postgres, self.stack = folder, postgres, stack
        self.broker = stack.enter_context(ExitStack())
        self.start_broker()

    def start_broker(self) -> None:
        self.broker.enter_context(serve_broker(self.folder))

    def open(self, database: str, **settings: str) -> None:
        """Start the control."""
        broker = f"redis://{ADDRESSES[CONTROL]}:6379/0"
        self.installation = Installation(
            self.folder,
            self.postgres,
            database,
            **settings,
            RUN_LAUNCHER="celery",
            CELERY_BROKER_URL=broker,
        )
        self.installation.trc("db", "migrate")
        self.stack.enter_context(self.installation.controlled())
        self.driver = Driver(self.installation, self.postgres)

    @contextmanager
    def held(self) -> Iterator["Held"]:
        """A run on the first host that waits for a lock in its step, which somebody else holds."""
        with closing(self.postgres.connect(self.installation.database)) as blocker:
            cursor = blocker.cursor()
            cursor.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [TABLE])
            worker = self.installation.start_worker(WORKERS[0])
            held = Held(self, worker, self.driver.launch(JOB, now().date()), blocker)
            held.wait_for_lock()
            try:
                yield held
            finally:
                held.let_go()
                if worker.is_running:
                    worker.end()


class Held:
    """A run that waits, and whoever holds the lock."""

    def __init__(self, cluster: Cluster, worker: Process, run_id: str, blocker: connection) -> None:
        self.cluster, self.worker, self.run_id, self.blocker = cluster, worker, run_id, blocker
        self.driver = cluster.driver

    def wait_for_lock(self) -> None:
        waiting = (
            "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND wait_event = 'advisory'"
        )
        name = f"trc run {self.run_id}"
        wait_until(lambda: self.driver.query(waiting, name), 60, "a run that waits for the lock")

    def let_go(self) -> None:
        if not self.blocker.closed:
            self.blocker.close()

    def end(self, began: float) -> str:
        """How the run ended, and when."""
        self.driver.wait_for(self.run_id)
        ended = self.driver.run(self.run_id)
        return f"{ended['status']} after {ended['endTime'] - began:.0f} s"

    def ask_for_next(self) -> str:
        """The same once more, which waits until the place is free."""
        return self.driver.launch(JOB, now().date())

    def end_of_next(self, run_id: str, began: float) -> str:
        self.driver.wait_for(run_id, "STARTED", *OVER)
        self.let_go()
        self.driver.wait_for(run_id)
        ended = self.driver.run(run_id)
        return f"began after {ended['startTime'] - began:.0f} s, {ended['status']}"


def row(fault: str, run: str, following: str = "", note: str = "") -> Row:
    return {
        "fault": fault,
        "the run": run,
        "the next one, on the other host": following,
        "note": note,
    }


def kill_child(cluster: Cluster) -> Row:
    with cluster.held() as held:
        began = time.time()
        for pid in children_of(held.worker.pid):
            os.kill(pid, signal.SIGKILL)
        return row("kill -9 of a run's process", held.end(began))


def kill_worker(cluster: Cluster) -> Row:
    with cluster.held() as held, cluster.installation.working(WORKERS[1]):
        began = time.time()
        held.worker.kill()
        following = held.end_of_next(held.ask_for_next(), began)
        return row("kill -9 of the whole worker", held.end(began), following)


def terminate_worker(cluster: Cluster) -> Row:
    with cluster.held() as held:
        began = time.time()
        gone = held.worker.end()
        state = held.driver.query(
            "SELECT state FROM operations.job_executions WHERE run_id = %s", held.run_id
        )
        return row(
            "SIGTERM to the worker", held.end(began), "", f"gone after {gone:.1f} s, {state[0][0]}"
        )


def drain_worker(cluster: Cluster) -> Row:
    with cluster.held() as held:
        began = time.time()
        held.worker._process.send_signal(signal.SIGQUIT)
        time.sleep(5)
        assert held.worker.is_running
        held.let_go()
        held.worker._process.wait(60)
        return row("SIGQUIT: drain, the lock let go after 5 s", held.end(began))


def cut_briefly(cluster: Cluster) -> Row:
    with cluster.held() as held:
        began = time.time()
        with cut_off(WORKERS[0]):
            time.sleep(20)
        held.let_go()
        return row("link down 20 s", held.end(began))


def cut_long(cluster: Cluster) -> Row:
    with cluster.held() as held:
        with cluster.installation.working(WORKERS[1]):
            began = time.time()
            with cut_off(WORKERS[0]):
                following = held.end_of_next(held.ask_for_next(), began)
                end = held.end(began)
                time.sleep(max(0.0, 200 - (time.time() - began)))
        back = time.time()  # and only the host that was cut off is left
        again = held.ask_for_next()
        held.driver.wait_for(again)
        took = held.driver.run(again)["endTime"] - back
        note = f"{took:.0f} s after the link was back it had done another run"
        return row("link down 200 s, locks held", end, following, note)


def lose_broker_at_launch(cluster: Cluster) -> Row:
    cluster.broker.close()
    run_id = cluster.driver.launch(JOB, now().date())
    time.sleep(25)
    status = cluster.driver.status(run_id)
    cluster.start_broker()
    back = time.time()
    with cluster.installation.working(WORKERS[0]):
        cluster.driver.wait_for(run_id)
        end = f"{cluster.driver.status(run_id)} {time.time() - back:.0f} s after it was back"
    return row("broker down at launch, for 25 s", end, "", f"{status} meanwhile: nothing is lost")


def lose_broker_in_the_middle(cluster: Cluster) -> Row:
    with cluster.held() as held:
        cluster.broker.close()
        time.sleep(45)  # run monitoring looks meanwhile
        held.let_go()
        began = time.time()
        end = held.end(began)
        cluster.start_broker()
        following = held.driver.launch(JOB, now().date())
        held.driver.wait_for(following)
        return row(
            "broker down for 45 s in the middle", end, "",
            f"the same worker then took another: {held.driver.status(following)}",
        )  # fmt: skip


def restart_postgres(cluster: Cluster) -> Row:
    with cluster.held() as held:
        began = time.time()
        cluster.postgres.restart()
        return row("PostgreSQL killed and started again", held.end(began))


def set_clock_off(cluster: Cluster) -> Row:
    said = refusal(cluster, "the clock", "faketime", "-f", "+5m")
    return row("clock of a worker 5 minutes ahead", "none", "", said)


def differ(cluster: Cluster) -> Row:
    with closing(cluster.postgres.connect(cluster.installation.database)) as database:
        database.cursor().execute(
            "UPDATE operations.agreements SET value = '0.0.9 (0123456789ab)' WHERE name LIKE 'the code%'"
        )
    return row("a worker of another version", "none", "", refusal(cluster, "the code"))


def refusal(cluster: Cluster, words: str, *prefix: str) -> str:
    """What a worker says that does not start, and after how long."""
    began = time.time()
    try:
        worker = cluster.installation.start_worker(WORKERS[0], *prefix)
    except AssertionError as refused:
        [said] = [line for line in str(refused).splitlines() if words in line]
        return f"refused after {time.time() - began:.0f} s: {said}"
    worker.end()
    raise AssertionError("it was not refused")


FAULTS: dict[str, Callable[[Cluster], Row]] = {
    "kill-child": kill_child,
    "kill-worker": kill_worker,
    "terminate": terminate_worker,
    "drain": drain_worker,
    "cut-20": cut_briefly,
    "cut-200": cut_long,
    "broker-at-launch": lose_broker_at_launch,
    "broker-in-run": lose_broker_in_the_middle,
    "postgres": restart_postgres,
    "clock": set_clock_off,
    "version": differ,
}
