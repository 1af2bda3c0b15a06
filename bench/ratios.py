"""A job against the bare writes of the same rows: one statement for each table it writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.engine import make_url

from bench.community import run_job
from bench.measure import Figure, seconds_of, show_progress
from bench.memory import peak_gigabytes
from bench.server import Server, execute
from trc_pipelines.jobs.contract import Job
from trc_pipelines_tests.catalogue import JOBS

AIM = 2.0


@dataclass(frozen=True)
class Case:
    """A job with something to do.

    Attributes:
        setup: statements that make it, in a migrated database.
        bare: statements that write the rows the job writes.
        rate_of: for a figure per second: what is counted, how many there are, and the aim.
    """

    what: str
    job: Job
    as_of: datetime
    setup: Sequence[str]
    bare: Sequence[str]
    rate_of: tuple[str, int, float] | None = None


def measure_case(server: Server, case: Case, repetitions: int) -> Iterator[Figure]:
    """Measure the ratio, the peak of memory, and a rate if one is asked for, each on a fresh copy."""
    show_progress(case.what)
    with server.database() as url:
        execute(url, *case.setup, "VACUUM (ANALYZE)")
        template = str(make_url(url).database)

        def measure(*, bare: bool) -> float:
            with server.database(template) as copy:
                execute(copy, "CHECKPOINT")
                if bare:
                    return seconds_of(execute, copy, *case.bare)
                return seconds_of(run_job, copy, case.job, case.as_of)

        jobs, ratios = [], []
        for _ in range(repetitions):
            jobs.append(measure(bare=False))
            ratios.append(jobs[-1] / measure(bare=True))
            show_progress(f"  {jobs[-1]:.2f} s, {ratios[-1]:.2f} ×")
        with server.database(template) as copy:
            tables = case.job.tables
            peak = peak_gigabytes(run_by_name, copy, case.job.name, tables, case.as_of)
    yield Figure(
        case.what, ratios, "×", AIM, note=f"{min(jobs):.1f} s at best, peak memory {peak:.2f} GB"
    )
    if case.rate_of:
        counted, count, aim = case.rate_of
        rates = [count / seconds for seconds in jobs]
        yield Figure(f"{case.what}: {counted}", rates, "/s", aim, at_least=True)


def run_by_name(url: str, name: str, tables: Sequence[str], as_of: datetime) -> None:
    """Run some steps of a job: what a process of its own can be asked to do."""
    job = next(job for job in JOBS if job.name == name)
    steps = [step for step in job.steps if step.table in tables]
    run_job(url, replace(job, steps=steps), as_of)
