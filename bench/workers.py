"""Days that several processes compute at once, as workers do that share a backfill."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from multiprocessing import get_context

from sqlalchemy.engine import make_url

from bench.community import only, run_job
from bench.days import DAY, FIRST_DAY, standing_community
from bench.measure import Cost, Figure, show_progress
from bench.server import Server, fetch
from trc_pipelines.calendar import midnight
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION

DAYS, DAYS_PER_RUN = 60, 5
STEPS = {
    "points": only(MEE6_SYNC, "community.daily_points"),
    "boards": only(LEADERBOARD_RECALCULATION, "community."),
}
WRITTEN = """
SELECT md5(string_agg(t.row, ',' ORDER BY t.row)) FROM (
    SELECT p::text AS row FROM community.daily_points AS p
    UNION ALL
    SELECT md5(p::text) FROM community.ranking_pages AS p
    UNION ALL
    SELECT concat(b.board, b.day, b.members, b.version) FROM leaderboards.boards AS b
) AS t
"""


def measure_workers(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure a backfill of sixty days by one process and by two, each with a copy of the same community."""
    figures: dict[tuple[str, int], list[Cost]] = {}
    written = set()
    with standing_community(server, size, DAYS) as community:
        template = make_url(community.url).database
        for _ in range(repetitions):
            for workers in (1, 2):
                show_progress(f"{DAYS} days by {workers} of {size:,} members")
                with server.database(template) as url:
                    for name in STEPS:
                        cost = _backfill(server, url, name, workers)
                        figures.setdefault((name, workers), []).append(cost)
                    written.add(fetch(url, WRITTEN)[0][0])
    if len(written) > 1:
        raise RuntimeError("two workers have written something else than one")
    for (name, workers), costs in figures.items():
        yield Figure(
            f"{name} of {DAYS} days by {workers} worker{'s' * (workers > 1)}, {size:,} members",
            [cost.wall for cost in costs],
            "s",
            costs=costs,
            note=f"runs of {DAYS_PER_RUN} days; the server runs on the same processors",
        )


def _backfill(server: Server, url: str, name: str, workers: int) -> Cost:
    """Compute the days in runs of some days each, which so many processes take one after the other."""
    firsts = [FIRST_DAY + n * DAY for n in range(0, DAYS, DAYS_PER_RUN)]
    runs = [(url, name, first) for first in firsts]
    with get_context("spawn").Pool(workers) as pool:
        pool.map(_load, range(workers), chunksize=1)
        clients: list[float] = []
        cost = server.cost_of(lambda: clients.extend(pool.starmap(_compute, runs, chunksize=1)))
    return Cost(cost.wall, cost.client + sum(clients), cost.server)


def _load(_number: int) -> None:
    """Let a process load this module, so that it is not measured; meanwhile others do."""
    time.sleep(0.5)


def _compute(url: str, name: str, first: date) -> float:
    """Compute some days: seconds of the processor."""
    began = time.process_time()
    last = first + timedelta(days=DAYS_PER_RUN - 1)
    as_of = midnight(FIRST_DAY + DAYS * DAY) + timedelta(hours=1)
    run_job(url, STEPS[name], as_of, days=(first, last))
    return time.process_time() - began
