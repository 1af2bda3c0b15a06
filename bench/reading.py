"""Reading the leaderboard over HTTP from a stand-in, while a linked member is not on it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from bench.community import GUILD_ID, QUARTER, new_community, run_job
from bench.measure import Figure, show_progress
from bench.server import Server
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.demo.simulator import Simulator

LINKED = 500
FIRST = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECONDS_BETWEEN = 2  # of MEE6_REQUEST_INTERVAL_SECONDS, by default


def measure_reading(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Count the requests of a reading: with all members on the first page, one missing, still missing."""
    costs, requests = [], []
    with new_community(server, LINKED) as community:
        show_progress(f"readings of a board of {size:,} players")
        others = pd.DataFrame({"discord_id": 10 + np.arange(size), "xp": 1000 + np.arange(size)})
        community.xp += 10 * size
        linked = community.board().players[["discord_id", "xp"]]
        with Simulator(pd.concat([linked, others]), guild_id=GUILD_ID) as simulator:
            where = {"mee6_base_url": simulator.base_url, "mee6_request_interval_seconds": 0}

            def read(number: int) -> None:
                run_job(community.url, MEE6_SYNC, FIRST + number * QUARTER, **where)

            for number in range(2 + repetitions):
                before = len(simulator.requests)
                costs.append(server.cost_of(read, number))
                requests.append(len(simulator.requests) - before)
                simulator.board = simulator.board.iloc[1:] if number == 0 else simulator.board
        server.keep_digests(community.url)
    yield Figure(
        f"a reading with one of {LINKED} members missing from a board of {size:,}",
        requests[2:],
        "requests",
        10,
        costs=costs[2:],
        note=f"{requests[0]} with all of them there, {requests[1]} when one is missed first, for "
        f"which it is searched whole; {SECONDS_BETWEEN} s between two. The stand-in's seconds are in "
        "the client's",
    )
