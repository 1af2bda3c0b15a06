"""`make simulate SEED= DAYS= DOMAINS=`: live through days of a seed, and say what was found.

A failure prints how to play it again, and with SHRINK=1 the shortest history that still fails.
"""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trc_pipelines.cli.output import say
from trc_pipelines_tests.servers import Servers, create_database, drop_database
from trc_pipelines_tests.simulation.house import FAULT_RATE, FindingError, House
from trc_pipelines_tests.simulation.shrinking import shrink

DOMAINS = ("community", "quiz", "betting")
MOST_TRIES = 60
SHOWN = 40


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
    with tempfile.TemporaryDirectory(prefix="sim") as folder:
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
) -> Outcome:
    """Live through a seed in a database of its own."""
    url = create_database(server)
    finding, day = None, 0
    try:
        with (
            tempfile.TemporaryDirectory() as home,
            House(url, Path(home), seed, list(domains), fault_rate=fault_rate, only=only) as house,
        ):
            try:
                for _ in house.live(days):
                    day += 1
            except FindingError as found:
                finding = str(found)
            scheduler = house.scheduler
            figures = (
                f"{len(house.runs)} runs, {scheduler.clock} turns, "
                f"{sum(map(len, (task.faults for task in house.runs.values())))} faults, "
                f"{scheduler.counts['waits for a lock']} waits for locks"
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


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--domains", default=",".join(DOMAINS))
    parser.add_argument("--faults", type=float, default=FAULT_RATE, help="share of calls struck")
    parser.add_argument("--only", help="what happens, as a shrunk failure says; default: all")
    parser.add_argument("--shrink", action="store_true", help="cut a failure down")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    domains = options.domains.split(",")
    only = None if options.only is None else set(options.only.split(","))
    failed = 0
    with serve() as server:
        for seed in range(options.seed, options.seed + options.seeds):
            began = time.monotonic()
            outcome = live(
                server, seed, options.days, domains, fault_rate=options.faults, only=only
            )
            seconds = time.monotonic() - began
            say(
                f"seed {seed}: {outcome.days} days in {seconds:.0f} s, {outcome.figures}, {outcome.digest}"
            )
            if outcome.finding is None:
                continue
            failed += 1
            say("\n".join([*outcome.last, f"FOUND: {outcome.finding}"]))
            again = f"make simulate SEED={seed} DAYS={outcome.days + 1} DOMAINS={options.domains}"
            if options.faults != FAULT_RATE:
                again += f" FAULTS={options.faults}"
            say(f"again: {again}")
            if options.shrink:
                left, shortest = cut_down(server, seed, outcome, domains, options.faults)
                say("\n".join([*shortest.last, f"FOUND: {shortest.finding}"]))
                say(
                    f"{len(left)} of {len(outcome.happened)} are enough: {again} ONLY={','.join(left)}"
                )
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
