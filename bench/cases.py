"""What can be measured. A case is a line here and a function that yields figures."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

from bench.measure import Figure
from bench.server import Server

REPETITIONS = 3


@dataclass(frozen=True)
class Case:
    """Something that is measured.

    Attributes:
        function: `module:function` of this package, which takes a server, a size and repetitions. It
            is imported when it is called: one that another checkout cannot run keeps no other from it.
        quick, full: how many members, players or bets there are; aims in seconds are of the full size.
        by_name: whether it runs only when it is named.
    """

    name: str
    function: str
    quick: int
    full: int
    by_name: bool = False

    def measure(
        self, server: Server, size: int, repetitions: int = REPETITIONS
    ) -> Iterator[Figure]:
        """Yield the figures, as they come."""
        module, function = self.function.split(":")
        yield from getattr(import_module(f"bench.{module}"), function)(server, size, repetitions)

    def size(self, *, quick: bool) -> int:
        """How many of whatever it counts there are."""
        return self.quick if quick else self.full


CASES = {
    case.name: case
    for case in [
        Case("sync", "syncs:measure_sync", 100_000, 1_000_000),
        Case("day", "syncs:measure_full_day", 20_000, 100_000),
        Case("history", "syncs:measure_history", 10_000, 100_000),
        Case("reading", "reading:measure_reading", 30_000, 100_000),
        Case("players", "throughput:measure_players", 20_000, 100_000),
        Case("ledger", "throughput:measure_ledger", 10_000, 100_000),
        Case("streaks", "days:measure_streaks", 100_000, 1_000_000),
        Case("boards", "days:measure_boards", 100_000, 1_000_000),
        Case("rankings", "days:measure_rankings", 30_000, 100_000),
        Case("late", "days:measure_late_award", 20_000, 100_000),
        Case("settlement", "betting:measure_settlement", 50_000, 200_000),
        Case("hour", "betting:measure_hour", 200_000, 1_000_000),
        Case("betting", "betting:measure_betting", 50_000, 1_000_000),
        Case("quiz", "quiz:measure_quiz", 50_000, 1_000_000),
        Case("views", "views:measure_views", 20_000, 1_000_000),
        Case("report", "reports:measure_report", 10_000, 100_000),
        Case("commands", "person:measure_commands", 0, 0),
        Case("memory", "memory:measure_memory", 50_000, 1_000_000),
        Case("streak_year", "days:measure_streak_year", 10_000, 100_000, by_name=True),
        Case("workers", "workers:measure_workers", 20_000, 100_000, by_name=True),
        Case("naive", "naive:measure_naive", 10_000, 100_000, by_name=True),
        Case("year", "year:measure_year", 10_000, 100_000, by_name=True),
        Case("make_run", "person:measure_make_run", 0, 0, by_name=True),
        Case("make_test", "person:measure_make_test", 0, 0, by_name=True),
    ]
}
