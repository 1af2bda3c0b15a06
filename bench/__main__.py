"""`python -m bench`: everything in one run on one server, as a table. It takes minutes, not seconds."""

import argparse
import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.betting import measure_betting
from bench.days import measure_days, measure_streak_year
from bench.measure import Figure, render, show_progress
from bench.memory import measure_memory
from bench.naive import measure_naive
from bench.quiz import measure_quiz
from bench.server import Server, run_server
from bench.syncs import measure_full_day, measure_sync, measure_year
from bench.throughput import measure_ledger, measure_players

PARTS = (
    "players", "sync", "full_day", "naive", "ledger", "year", "days", "streak_year", "memory", "quiz", "betting",
)  # fmt: skip


def main() -> None:
    """Measure, show the progress on stderr and the table on stdout."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes: 10 k and 100 k")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="some parts")
    arguments = parser.parse_args()
    # Ended by a signal, it still stops its server and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    figures = []
    with run_server() as server:
        for figure in measure(server, set(arguments.only), quick=arguments.quick):
            show_progress(render([figure]).splitlines()[2])
            figures.append(figure)
    print(render(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps([figure.as_dict() for figure in figures], indent=2))


def measure(server: Server, parts: set[str], *, quick: bool) -> Iterator[Figure]:
    """Yield the figures of some parts, as they come."""
    small, large = (10_000, 100_000) if quick else (100_000, 1_000_000)
    repetitions = 3 if quick else 5
    if "players" in parts:
        yield measure_players(pages=20 if quick else 100)
    if parts & {"sync", "naive"}:
        small_sync, small_seconds = measure_sync(server, small, repetitions)
        yield from small_sync
    if "sync" in parts:
        yield from measure_sync(server, large, repetitions)[0]
    if "full_day" in parts:
        yield measure_full_day(server, small)
    if "naive" in parts:
        tenth_seconds = measure_sync(server, small // 10, repetitions)[1]
        yield measure_naive(server, small // 10, tenth_seconds)
        yield measure_naive(server, small, small_seconds)
    if "ledger" in parts:
        yield measure_ledger(server, small, large, repetitions)
    if "year" in parts:
        yield measure_year(server, small, repetitions)
    if "days" in parts:
        yield from measure_days(server, large, 3)
    if "streak_year" in parts:
        yield measure_streak_year(server, small)
    if "memory" in parts:
        yield measure_memory(server, large)
    if "quiz" in parts:
        yield from measure_quiz(server, large, 3)
    if "betting" in parts:
        yield from measure_betting(server, large, 3)


if __name__ == "__main__":
    main()
