"""Peak memory of a process that does one job and nothing else."""

import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context

from bench import betting, quiz
from bench.community import QUARTER, new_community, only, run_job, sync_board
from bench.days import FIRST_DAY, days_from, run_boards, run_streaks
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from bench.syncs import ACTIVE_SHARE, FIRST_SYNC
from trc_pipelines_tests.catalogue import JOBS

GIGABYTE = 2**20  # in the kibibytes of ru_maxrss


def measure_memory(server: Server, size: int, _repetitions: int) -> Iterator[Figure]:
    """Measure the peaks of the community's hungriest jobs, and of those of the apps."""
    show_progress(f"peak memory, {size:,} members")
    with new_community(server, size) as community:
        url = community.url
        peaks = {"first sync": peak_gigabytes(sync_board, url, community.board(), FIRST_SYNC)}
        community.gain_xp(ACTIVE_SHARE)
        peaks["sync"] = peak_gigabytes(sync_board, url, community.board(), FIRST_SYNC + QUARTER)
    with new_community(server, size) as community:
        community.begin(FIRST_DAY)
        days = days_from(FIRST_DAY, 4)[1:]
        community.live(*days)
        peaks["streak days"] = peak_gigabytes(run_streaks, community.url, days[-1])
        peaks["boards"] = peak_gigabytes(run_boards, community.url, days[-1])
    yield _figure_of(f"{size:,} members", peaks)
    peaks = {}
    for task in [*quiz.tasks(size), *betting.tasks(size)]:
        with server.database() as url:
            execute(url, *task.setup, "VACUUM (ANALYZE)")
            tables = [step.table for step in task.job.steps]
            peaks[task.what] = peak_gigabytes(_run, url, task.job.name, tables, task.as_of)
    yield _figure_of(f"{size:,} players or bets", peaks)


def peak_gigabytes(job: Callable[..., object], *arguments: object) -> float:
    """Measure the most memory that a process takes for one call."""
    # A child of a fresh fork server starts at its size, a spawned one at our own peak.
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as child:
        return child.submit(_run_and_weigh, job, arguments).result()


def _figure_of(size: str, peaks: dict[str, float]) -> Figure:
    return Figure(
        f"peak memory of the hungriest job, {size}",
        [max(peaks.values())],
        "GB",
        1.5,
        note=", ".join(f"{name} {peak:.2f} GB" for name, peak in peaks.items()),
    )


def _run_and_weigh(job: Callable[..., object], arguments: tuple[object, ...]) -> float:
    job(*arguments)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIGABYTE


def _run(url: str, name: str, tables: list[str], as_of: datetime) -> None:
    """Run some steps of a job: what a process of its own can be asked to do."""
    [job] = [job for job in JOBS if job.name == name]
    run_job(url, only(job, *tables), as_of)
