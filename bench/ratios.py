"""A job against the bare writes of the same rows: one statement for each table it writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import make_url

from bench.community import run_job
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from trc_pipelines.jobs.contract import Job

AIM = 2.0


@dataclass(frozen=True)
class Task:
    """A job with something to do.

    Attributes:
        setup: statements that make it, in a migrated database.
        bare: statements that write the rows the job writes; none: it is not compared with them.
        seconds: what the job is to take at most.
        rate_of: for a figure per second: what is counted, how many there are, and the aim.
    """

    what: str
    job: Job
    as_of: datetime
    setup: Sequence[str]
    bare: Sequence[str] = ()
    seconds: float | None = None
    rate_of: tuple[str, int, float] | None = None


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
                    bares.append(server.cost_of(execute, copy, *task.bare))
    seconds = [job.wall for job in jobs]
    yield Figure(task.what, seconds, "s", task.seconds, costs=jobs)
    if task.rate_of:
        counted, count, aim = task.rate_of
        rates = [count / one for one in seconds]
        yield Figure(f"{task.what}: {counted}", rates, "/s", aim, at_least=True)
    if bares:
        ratios = [job.wall / bare.wall for job, bare in zip(jobs, bares, strict=True)]
        yield Figure(f"{task.what}: × bare writes", ratios, "×", AIM)
