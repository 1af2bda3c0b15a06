"""A seed is lived through in a database of its own; a history that fails is cut down.

Each process has a server of its own, because followers of events wait for every transaction of a server.
"""

import argparse
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Queue
from pathlib import Path

from trc_pipelines.demo.redis_server import serve_redis
from trc_pipelines_tests.servers import Servers, create_database, drop_database
from trc_pipelines_tests.simulation.house import FAULT_RATE, FindingError, House
from trc_pipelines_tests.simulation.sessions import CRASH, StuckError
from trc_pipelines_tests.simulation.shrinking import shrink

DOMAINS = ("community", "quiz", "betting")
MOST_TRIES = 60
SHOWN = 40
# To copy a database takes a disk three seconds where it is busy, as long as a day of one domain.
MEMORY, MEMORY_NEEDED = Path("/dev/shm"), 4 * 2**30


@dataclass(frozen=True)
class Outcome:
    """What a seed came to.

    Attributes:
        finding: None when everything was as the rules say.
        digest: the same for two runs of a seed.
        happened: numbers of what did, in order.
        last: the last turns.
    """

    finding: str | None
    days: int
    digest: str
    happened: list[str]
    last: list[str]
    figures: str


@contextmanager
def serve() -> Iterator[str]:
    """A server of its own, and a template in it."""
    has_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    with tempfile.TemporaryDirectory(prefix="sim", dir=MEMORY if has_memory else None) as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder) / "servers") as servers:
            yield servers[18]


def live(
    server: str,
    seed: int,
    days: int,
    domains: Collection[str] = DOMAINS,
    *,
    fault_rate: float = FAULT_RATE,
    only: Collection[str] | None = None,
    is_alone: bool = True,
) -> Outcome:
    """Live through a seed in a database of its own.

    Args:
        is_alone: nobody else uses the server, so that it may crash.
    """
    url = create_database(server)
    finding, day = None, 0
    try:
        with (
            tempfile.TemporaryDirectory() as home,
            serve_redis(Path(home)) as redis_url,
            House(
                url,
                Path(home),
                seed,
                list(domains),
                fault_rate=fault_rate,
                only=only,
                is_alone=is_alone,
                redis_url=redis_url,
            ) as house,
        ):
            try:
                for _ in house.live(days):
                    day += 1
            except (FindingError, StuckError) as found:
                finding = f"{type(found).__name__}: {found}"
            scheduler = house.scheduler
            figures = (
                f"{len(house.runs)} runs, {scheduler.clock} turns, "
                f"{sum(map(len, (task.faults for task in house.runs.values())))} faults, "
                f"{scheduler.counts['waits for a lock']} waits for locks, "
                f"{scheduler.counts[CRASH]} crashes, {len(house.restored)} restores"
            )
            return Outcome(
                finding, day, house.digest(), house.executed, list(scheduler.last)[-SHOWN:], figures
            )
    finally:
        with suppress(Exception):  # the finding is what counts
            drop_database(url)


def cut_down(server: str, seed: int, outcome: Outcome, domains: Collection[str], fault_rate: float):
    """The shortest history that still fails, however it does; and its outcome."""
    last: list[Outcome] = [outcome]

    def fails_with(only: Collection[str]) -> bool:
        tried = live(server, seed, outcome.days + 1, domains, fault_rate=fault_rate, only=only)
        if tried.finding:
            last.append(tried)
        return tried.finding is not None

    left = shrink(outcome.happened, fails_with, MOST_TRIES)
    return left, last[-1]


_server: list[str] = []


def list_processors() -> list[int]:
    """The processors this process may use; none where a system does not let it choose."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def stay_on(processors: list[int]) -> None:
    """Use these from now on, as does everything that is started from now on.

    Of a process and its server one works at a time. On two processors each has to be woken up for every
    turn, which takes as long as the turn.
    """
    if processors:
        os.sched_setaffinity(0, processors)


def take_server(free: Queue) -> None:
    """Take a server for all lives of this process, and stay where it is."""
    logging.disable(logging.WARNING)
    server, processors = free.get()
    _server.append(server)
    stay_on(processors)


def live_by_itself(options: argparse.Namespace, seed: int) -> tuple[int, Outcome, float, str]:
    """Live through a seed on the server of this process; what people are to be told."""
    server = _server[0]
    domains = options.domains.split(",")
    only = None if options.only is None else set(options.only.split(","))
    began = time.monotonic()
    outcome = live(server, seed, options.days, domains, fault_rate=options.faults, only=only)
    seconds = time.monotonic() - began
    if outcome.finding is None:
        return seed, outcome, seconds, ""
    again = f"make simulate SEED={seed} DAYS={outcome.days + 1} DOMAINS={options.domains}"
    if options.faults != FAULT_RATE:
        again += f" FAULTS={options.faults}"
    said = [*outcome.last, f"FOUND: {outcome.finding}", f"again: {again}"]
    if options.shrink:
        left, shortest = cut_down(server, seed, outcome, domains, options.faults)
        said += [
            *shortest.last,
            f"FOUND: {shortest.finding}",
            f"{len(left)} of {len(outcome.happened)} are enough: {again} ONLY={','.join(left)}",
        ]
    return seed, outcome, seconds, "\n".join(said)
