"""A job against the raw cost of the same work: what it needs is read once, what it writes is written once.

Columns of whole tables come out of the database by binary COPY, nothing is computed of them, and one
statement writes each table. No solution can do without either. The ratio is of processors' seconds: it
says the same on a machine that has other work to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import make_url

from bench.community import run_job
from bench.measure import Figure, show_progress
from bench.server import Server, execute, read_raw
from trc_pipelines.jobs.contract import Job

AIM = 2.0


@dataclass(frozen=True)
class Task:
    """A job with something to do.

    Attributes:
        setup: statements that make it, in a migrated database.
        read: queries for the columns that have to leave the database; none where SQL can do it all.
        bare: statements that write the rows the job writes; none: it is not compared with them.
        aim: what the ratio is held to. Where that is not `AIM`, the reason stands beside it.
        seconds: what the job is to take at most.
        rate_of: for a figure per second of processors: what is counted, how many there are, and the aim, if any.
    """

    what: str
    job: Job
    as_of: datetime
    setup: Sequence[str]
    read: Sequence[str] = ()
    bare: Sequence[str] = ()
    aim: float = AIM
    seconds: float | None = None
    rate_of: tuple[str, int, float | None] | None = None


def measure_task(server: Server, task: Task, repetitions: int) -> Iterator[Figure]:
    """Measure seconds, the ratio, and a rate if one is asked for, each on a fresh copy."""
    show_progress(task.what)
    jobs, bares = [], []
    with server.database() as url:
        execute(url, *task.setup, "VACUUM (ANALYZE)")
        template = str(make_url(url).database)
        for _ in range(repetitions):
            with server.database(template) as copy:
                execute(copy, "CHECKPOINT")
                jobs.append(server.cost_of(run_job, copy, task.job, task.as_of))
                server.keep_digests(copy)
            if task.bare:
                with server.database(template) as copy:
                    execute(copy, "CHECKPOINT")
                    bares.append(server.cost_of(_work_bare, copy, task))
    seconds = [job.wall for job in jobs]
    yield Figure(task.what, seconds, "s", task.seconds, costs=jobs)
    if task.rate_of:
        counted, count, aim = task.rate_of
        rates = [count / job.cpu for job in jobs]
        yield Figure(f"{task.what}: {counted}", rates, "/s", aim, at_least=True)
    if bares:
        ratios = [job.cpu / bare.cpu for job, bare in zip(jobs, bares, strict=True)]
        what = "bare reads and writes" if task.read else "bare writes"
        yield Figure(f"{task.what}: × {what} (cpu)", ratios, "×", task.aim, costs=bares)


def _work_bare(url: str, task: Task) -> None:
    if task.read:
        read_raw(url, *task.read)
    execute(url, *task.bare)
