"""`make simulate SEED= DAYS= DOMAINS=`: live through days of a seed, and say what was found.

A failure prints how to play it again, and with SHRINK=1 the shortest history that still fails.
"""

import argparse
import multiprocessing
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial

from trc_pipelines.cli.output import say
from trc_pipelines_tests.simulation.house import FAULT_RATE
from trc_pipelines_tests.simulation.lives import (
    DOMAINS,
    list_processors,
    live_by_itself,
    serve,
    stay_on,
    take_server,
)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="so many, from the first")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--domains", default=",".join(DOMAINS))
    parser.add_argument("--faults", type=float, default=FAULT_RATE, help="share of calls struck")
    parser.add_argument("--only", help="what happens, as a shrunk failure says; default: all")
    parser.add_argument("--shrink", action="store_true", help="cut failures down")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    seeds = range(options.seed, options.seed + options.seeds)
    days = failed = 0
    began = time.monotonic()
    processes = min(options.processes, len(seeds))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # servers end with us
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        free = context.Queue()
        processors = list_processors()
        for number in range(processes):
            one = processors[number % max(len(processors), 1) :][:1]
            stay_on(one)
            free.put((stack.enter_context(serve()), one))
        pool = stack.enter_context(
            ProcessPoolExecutor(processes, context, initializer=take_server, initargs=(free,))
        )
        stack.callback(pool.shutdown, cancel_futures=True)  # who interrupts waits for one seed
        for seed, outcome, seconds, said in pool.map(partial(live_by_itself, options), seeds):
            say(
                f"seed {seed}: {outcome.days} days in {seconds:.0f} s, {outcome.figures}, {outcome.digest}"
            )
            days += outcome.days
            if said:
                failed += 1
                say(said)
    say(f"{days} days in {time.monotonic() - began:.0f} s, {failed} of {len(seeds)} seeds failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
