"""The web app of the made-up guild: its members, what it awards, what people change by hand.

It goes its own way into its own tables, as an app would, and knows nothing of the jobs. All of it
follows from the seed and the day.
"""

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from trc_pipelines.database.connection import Transaction
from trc_pipelines.demo.population import Population
from trc_pipelines.jobs.contract import JobError

GUILD_ID = 100000000000000001
SEED = 7
PLAYERS, LINKED, UNLINKED, OFF_BOARD = 300, 240, 24, 6
HISTORY = timedelta(days=21)
STATUSES = {"ACTIVE": 0.64, "TRIALING": 0.20, "PAST_DUE": 0.05, "CANCELLED": 0.07, "NONE": 0.04}
VISIBLE_SHARE = 0.96
INTRODUCTIONS_A_DAY, DOWNLOADS_A_DAY, BENCHMARKS_A_DAY = 3, 14, 4
POINTS = {"intro_completed": 25, "resource_download": 5, "benchmark_submission": 50}
# One member changes accounts, one gets points taken away: so long after the first day.
RELINK_AFTER, ADJUSTMENT_AFTER = timedelta(days=9, hours=12), timedelta(days=11, hours=15)
RELINKED, ADJUSTED, ADJUSTMENT = 40, 41, -100


def invent_population() -> Population:
    """The players of the demo: the same ones every time."""
    return Population(SEED, PLAYERS)


def invent_members(population: Population) -> pd.DataFrame:
    """Rows of `community.members`: most with a player's account, some without, some off the board.

    The players after the first LINKED belong to nobody, so that unlinked ones are seen too.
    """
    rng = np.random.default_rng([population.seed, 1])
    size = LINKED + UNLINKED + OFF_BOARD
    accounts = pd.array(population.discord_ids[:LINKED].tolist(), dtype="Int64")
    # Accounts that never wrote a message: one beside each of the last players.
    silent = pd.array((population.discord_ids[-OFF_BOARD:] + 1).tolist(), dtype="Int64")
    names = population.usernames[:LINKED] + [f"member-{number}" for number in range(LINKED, size)]
    names[7] += "\u202e\u200b"  # reads backwards from here, and shows nothing: cleaned for display
    return pd.DataFrame(
        {
            "member_id": [f"demo-{number:04}" for number in range(size)],
            "discord_id": pd.concat(
                [
                    pd.Series(accounts),
                    pd.Series([pd.NA] * UNLINKED, dtype="Int64"),
                    pd.Series(silent),
                ],
                ignore_index=True,
            ),
            "discord_username": names,
            "subscription_status": rng.choice(list(STATUSES), size, p=list(STATUSES.values())),
            "leaderboard_visible": rng.random(size) < VISIBLE_SHARE,
        }
    )


def invent_transactions(day: date) -> pd.DataFrame:
    """What the app awards on a day, in order: member_id, action, points, created_at."""
    rng = np.random.default_rng([SEED, day.toordinal()])
    size = LINKED + UNLINKED
    downloads, benchmarks = rng.poisson([DOWNLOADS_A_DAY, BENCHMARKS_A_DAY]).tolist()
    # Everybody introduces themselves once, some each day.
    introduced = (day.toordinal() * INTRODUCTIONS_A_DAY + np.arange(INTRODUCTIONS_A_DAY)) % size
    who = np.concatenate([introduced, rng.integers(0, size, downloads + benchmarks)])
    action = np.repeat(list(POINTS), [INTRODUCTIONS_A_DAY, downloads, benchmarks])
    seconds = rng.integers(0, 86_400, who.size)
    return pd.DataFrame(
        {
            "member_id": [f"demo-{number:04}" for number in who],
            "action": action,
            "points": [POINTS[name] for name in action],
            "created_at": pd.Timestamp(day, tz="UTC") + pd.to_timedelta(seconds, unit="s"),
        }
    ).sort_values(["created_at", "member_id"], ignore_index=True)


def found_community(transaction: Transaction, population: Population) -> bool:
    """Write the members into an empty app; false when they are there already.

    Raises:
        JobError: there are members this demo did not make.
    """
    members = invent_members(population)
    existing = transaction.read("demo/select_member_ids")["member_id"]
    strangers = existing[~existing.isin(members["member_id"])]
    if len(strangers):
        raise JobError(
            f"this database has {len(strangers)} members the demo did not make; nothing was played. "
            "Unset DATABASE_URL to play in an embedded one, or name an empty database."
        )
    if len(existing):
        return False
    transaction.append("community.members", members)
    return True


def change_by_hand(
    app: Transaction, population: Population, first_day: datetime, after: datetime, until: datetime
) -> None:
    """What people change by hand in (after, until]."""
    if after < first_day + RELINK_AFTER <= until:
        app.execute(
            "demo/relink_member",
            member_id=f"demo-{RELINKED:04}",
            discord_id=int(population.discord_ids[LINKED]),
        )
    if after < first_day + ADJUSTMENT_AFTER <= until:
        adjustment = pd.DataFrame(
            {
                "member_id": [f"demo-{ADJUSTED:04}"],
                "action": ["admin_adjustment"],
                "points": [ADJUSTMENT],
                "created_at": pd.DatetimeIndex([first_day + ADJUSTMENT_AFTER]),
            }
        )
        app.append("community.point_transactions", adjustment)
