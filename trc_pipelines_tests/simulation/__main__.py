"""`make simulate SEED= DAYS= DOMAINS=`: live through days of a seed, and say what was found."""

import argparse
import logging
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from trc_pipelines.cli.output import say
from trc_pipelines_tests.servers import Servers, create_database, drop_database
from trc_pipelines_tests.simulation.house import FAULT_RATE, Finding, House


@contextmanager
def serve():
    """A server of its own."""
    with tempfile.TemporaryDirectory(prefix="sim") as folder:
        Path(folder).chmod(0o755)
        with Servers(Path(folder) / "servers") as servers:
            yield servers[18]


def live(server: str, seed: int, days: int, domains: list[str], **options: object):
    """Live through a seed; what was found (None: nothing), and the house as it stood."""
    url = create_database(server)
    try:
        with tempfile.TemporaryDirectory() as home, House(
            url, Path(home), seed, domains, **options
        ) as house:
            try:
                for _ in house.live(days):
                    pass
            except Finding as finding:
                return finding, house, ""
            return None, house, house.digest()
    finally:
        drop_database(url)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, one after the other")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--domains", default="community,quiz,betting")
    parser.add_argument("--faults", type=float, default=FAULT_RATE, help="share of calls that are struck")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    domains = options.domains.split(",")
    failed = 0
    with serve() as server:
        for seed in range(options.seed, options.seed + options.seeds):
            began = time.monotonic()
            finding, house, digest = live(server, seed, options.days, domains, fault_rate=options.faults)
            seconds = time.monotonic() - began
            say(
                f"seed {seed}: {options.days} days, {len(house.runs)} runs, {house.scheduler.clock} turns, "
                f"{seconds:.1f} s; {dict(house.counts)}, {dict(house.scheduler.counts)}; digest {digest}"
            )
            if finding:
                failed += 1
                say(f"FOUND: {finding}")
                say("\n".join(list(house.scheduler.last)[-60:]))
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
