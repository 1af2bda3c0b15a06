"""How fast the machine is just now: the same raw work, in the server and in the client, against a note of it.

A shared machine is half as fast in one hour as in another. An aim in seconds says nothing without how fast
the machine was; a ratio of two figures of one run needs no yardstick.
"""

from statistics import median

import numpy as np
import pandas as pd

from bench.server import Server, execute

# Of a machine that posts 62,000 entries of the ledger in a second, ranks three boards of 100,000 in 0.35 s and
# settles 13,000 bets: that of README's figures. One that took 0.6 did 27,000, 0.7 s and 5,900.
REFERENCE_SECONDS = 0.3
TIMES = 5
ROWS = 200_000
SORTED_IN_SQL = (
    "SELECT count(*) FROM (SELECT array_agg(k ORDER BY k) FROM "
    f"(SELECT n, md5(n::text) AS k FROM generate_series(1, {ROWS}) AS g (n)) AS s GROUP BY n % 1000) AS t"
)


def measure_slowness(server: Server) -> float:
    """How many times as long as on the machine of the aims everything takes; 1 on a faster one."""
    url = server.url_of(server.template)
    seconds = median(server.cost_of(_work, url).wall for _ in range(TIMES))
    return max(1.0, seconds / REFERENCE_SECONDS)


def _work(url: str) -> None:
    execute(
        url,
        SORTED_IN_SQL,
        f"CREATE TEMPORARY TABLE yardstick AS SELECT n, md5(n::text) AS k FROM generate_series(1, {ROWS}) AS g (n)",
    )
    numbers = np.random.default_rng(1).permutation(5 * ROWS)
    frame = pd.DataFrame({"key": numbers, "value": numbers % 1000})
    frame.merge(frame, on="key").groupby("value_x")["value_y"].sum()
