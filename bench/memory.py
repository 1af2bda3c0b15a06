"""Peak memory of a process that does one job and nothing else."""

import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.community import QUARTER, new_community, sync_board
from bench.days import FIRST_DAY, add_balances, days_from, run_boards, run_streaks
from bench.measure import Figure, show_progress
from bench.server import Server
from bench.syncs import ACTIVE_SHARE, FIRST_SYNC

GIGABYTE = 2**20  # in the kibibytes of ru_maxrss


def measure_memory(server: Server, size: int) -> Figure:
    """Measure the peak of the hungriest job: the first sync, a usual one, a streak day, the boards."""
    show_progress(f"peak memory, {size:,} members")
    with new_community(server, size) as community:
        url = community.url
        peaks = {"first sync": peak_gigabytes(sync_board, url, community.board(), FIRST_SYNC)}
        community.gain_xp(ACTIVE_SHARE)
        peaks["sync"] = peak_gigabytes(sync_board, url, community.board(), FIRST_SYNC + QUARTER)
    with new_community(server, size) as community:
        days = days_from(FIRST_DAY, 3)
        community.add_active_days(days)
        add_balances(community)
        peaks["streak days"] = peak_gigabytes(run_streaks, community.url, days[-1])
        peaks["boards"] = peak_gigabytes(run_boards, community.url, days[-1])
    return Figure(
        f"peak memory of the hungriest job, {size:,} members",
        [max(peaks.values())],
        "GB",
        1.5,
        note=", ".join(f"{name} {peak:.2f} GB" for name, peak in peaks.items()),
    )


def peak_gigabytes(job: Callable[..., object], *arguments: object) -> float:
    """Measure the most memory that a process takes for one call."""
    # A child of a fresh fork server starts at its size, a spawned one at our own peak.
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver")) as child:
        return child.submit(_run_and_weigh, job, arguments).result()


def _run_and_weigh(job: Callable[..., object], arguments: tuple[object, ...]) -> float:
    job(*arguments)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / GIGABYTE
