"""The web app of the made-up guild: its members, what it awards, what people change by hand.

It goes its own way into its own tables, as an app would, and knows nothing of the jobs. All of it
follows from the seed and the day.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from trc_pipelines.community.jobs import DAILY_GROWTH, DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.community.relations import NAME
from trc_pipelines.database.connection import Database, Transaction
from trc_pipelines.demo.play import Tick, plan_moments, refuse_strangers
from trc_pipelines.demo.population import Population
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job

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
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
# Of the past a reading now and then is enough, and one at the end of every day.
SELDOM = timedelta(hours=4)
# Readings left to Dagster, so that its plots have points. It reads only what is now, so their
# logical times are minutes ago, though the board they see moved a quarter of an hour each time.
LIVE_READINGS = 3


class CommunityApp:
    """The web app at work, beside a guild whose leaderboard the simulator serves."""

    what = "XP"
    takes_turns = True  # what a reading sees is the leaderboard of its moment
    open_apart = None  # which this process serves

    def __init__(
        self, database: Database, simulator: Simulator, first_day: date, ranking: Job
    ) -> None:
        self._database = database
        self._simulator = simulator
        self._population = invent_population()
        self._begin = datetime.combine(first_day, time(), UTC)
        # Users of other apps play meanwhile, and up to another day.
        own = [step for step in ranking.steps if step.domain == NAME]
        self._ranking = replace(ranking, steps=own)

    def create_users(self, now: datetime) -> datetime:
        """Make the members where there are none.

        Returns:
            When the newest reading was, or the first midnight.
        """
        with self._database.transaction() as transaction:
            create_members(transaction, invent_population())
            last_id = transaction.read_value("community/select_newest_accepted_sync")
        if last_id is None:
            return self._begin - HOUR
        # What is long gone is not worth waiting for: the next reading catches up on it.
        return max(datetime.fromtimestamp(last_id, UTC), now - HISTORY)

    def plan(self, after: datetime, now: datetime) -> list[Tick]:
        """Plan a sync at each tick, boards and growth at midnight and at the end, streaks after it."""
        newest = now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds())
        slots = plan_moments(after, newest - LIVE_READINGS * QUARTER, SELDOM, QUARTER)
        return [Tick(slot, self._runs_at(slot, is_last=slot == slots[-1])) for slot in slots]

    def _runs_at(self, slot: datetime, *, is_last: bool) -> list[tuple[Job, datetime]]:
        runs = [(MEE6_SYNC, slot)]
        is_midnight = slot.time() == time() and slot > self._begin
        if is_midnight or is_last:
            runs += [(self._ranking, slot), (DAILY_GROWTH, slot)]
        if is_midnight:
            runs.append((DAILY_STREAKS, slot + timedelta(minutes=5)))
        return runs

    def play(self, after: datetime, until: datetime) -> None:
        """Award points, change by hand what is due, and let the leaderboard stand as of `until`."""
        begin = max(after, self._begin)
        days = pd.date_range(begin.date(), until.date()).date
        awards = pd.concat([invent_transactions(day) for day in days])
        due = awards[(awards["created_at"] > begin) & (awards["created_at"] <= until)]
        with self._database.transaction() as app:
            app.append("community.point_transactions", due)
            change_by_hand(app, self._population, self._begin, begin, until)
        stop_clock(self._simulator, until)


def stop_clock(simulator: Simulator, moment: datetime) -> None:
    """Let the leaderboard stand as it was at a moment."""
    simulator.clock = lambda: moment


def invent_population() -> Population:
    """Invent the players of the demo: the same ones every time."""
    return Population(SEED, PLAYERS)


def invent_members(population: Population) -> pd.DataFrame:
    """Invent `community.members`: most with a player's account, some without, some off the board.

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


@lru_cache(maxsize=4)
def invent_transactions(day: date) -> pd.DataFrame:
    """Invent what the app awards on a day, in order.

    Returns:
        transaction_id, member_id, action, points, created_at.
    """
    rng = np.random.default_rng([SEED, day.toordinal()])
    size = LINKED + UNLINKED
    downloads, benchmarks = rng.poisson([DOWNLOADS_A_DAY, BENCHMARKS_A_DAY]).tolist()
    # Everybody introduces themselves once, some each day.
    introduced = (day.toordinal() * INTRODUCTIONS_A_DAY + np.arange(INTRODUCTIONS_A_DAY)) % size
    who = np.concatenate([introduced, rng.integers(0, size, downloads + benchmarks)])
    action = np.repeat(list(POINTS), [INTRODUCTIONS_A_DAY, downloads, benchmarks])
    seconds = rng.integers(0, 86_400, who.size)
    awards = pd.DataFrame(
        {
            "member_id": [f"demo-{number:04}" for number in who],
            "action": action,
            "points": [POINTS[name] for name in action],
            "created_at": pd.Timestamp(day, tz="UTC") + pd.to_timedelta(seconds, unit="s"),
        }
    ).sort_values(["created_at", "member_id"], ignore_index=True)
    return awards.assign(transaction_id=[f"award-{day}-{number}" for number in awards.index])


def create_members(transaction: Transaction, population: Population) -> bool:
    """Write the members into an empty app.

    Returns:
        False when they are there already.

    Raises:
        JobError: there are members this demo did not make.
    """
    members = invent_members(population)
    existing = transaction.read("demo/select_member_ids")["member_id"]
    strangers = existing[~existing.isin(members["member_id"])]
    refuse_strangers(len(strangers))
    if len(existing):
        return False
    transaction.append("community.members", members)
    return True


def change_by_hand(
    app: Transaction, population: Population, first_day: datetime, after: datetime, until: datetime
) -> None:
    """Make the changes that people make by hand in (after, until]."""
    if after < first_day + RELINK_AFTER <= until:
        app.execute(
            "demo/relink_member",
            member_id=f"demo-{RELINKED:04}",
            discord_id=int(population.discord_ids[LINKED]),
        )
    if after < first_day + ADJUSTMENT_AFTER <= until:
        adjustment = pd.DataFrame(
            {
                "transaction_id": ["adjustment-1"],
                "member_id": [f"demo-{ADJUSTED:04}"],
                "action": ["admin_adjustment"],
                "points": [ADJUSTMENT],
                "created_at": pd.DatetimeIndex([first_day + ADJUSTMENT_AFTER]),
            }
        )
        app.append("community.point_transactions", adjustment)
