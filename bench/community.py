"""A made-up community of any size: members, a board that moves, days of activity."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import numpy.typing as npt
import pandas as pd

from bench.server import Server, execute
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.readings import Reading
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import store_reading
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Job, Options, Result, Step, Work
from trc_pipelines.jobs.execution import perform
from trc_pipelines.mee6.models import Leaderboard
from trc_pipelines.settings import Settings, load_settings

GUILD_ID = 554836553760711639
QUARTER = timedelta(minutes=15)
EVENING = time(20)
# Of all members: share, and chance to be active on a day. 20 % are active on any day.
ACTIVITY = ((0.10, 0.90), (0.20, 0.50), (0.70, 0.01 / 0.70))


class Community:
    """A database with `size` linked, active members, and the board they are on."""

    def __init__(self, url: str, size: int) -> None:
        self.url = url
        self.database = Database(url, statement_timeout_seconds=3600)
        self.size = size
        self._rng = np.random.default_rng(size)
        words = self._rng.bytes(16 * size)
        self.member_ids = pd.Series(
            [str(uuid.UUID(bytes=words[i : i + 16])) for i in range(0, 16 * size, 16)]
        )
        opened = self._rng.choice(10 * size, size, replace=False)
        self.discord_ids = 10**17 + opened * (10**18 // (10 * size))
        self.xp = self._rng.pareto(1.2, size).astype("int64") * 100 + self._rng.integers(
            0, 100, size
        )
        self._chance = np.repeat(
            [chance for _, chance in ACTIVITY], [round(share * size) for share, _ in ACTIVITY]
        )
        with self.database.transaction() as transaction:
            transaction.append(
                "community.members",
                pd.DataFrame(
                    {
                        "member_id": self.member_ids,
                        "discord_id": self.discord_ids,
                        "subscription_status": "ACTIVE",
                    }
                ),
            )

    def board(self) -> Leaderboard:
        """The board as it stands, highest XP first."""
        order = np.argsort(-self.xp, kind="stable")
        xp = self.xp[order]
        players = pd.DataFrame(
            {
                "discord_id": self.discord_ids[order],
                "xp": xp,
                "level": pd.array(np.sqrt(xp // 20).astype("int64"), dtype="Int64"),
                "message_count": pd.array(xp // 20, dtype="Int64"),
            }
        )
        pages = self.size // 1000 + 1
        return Leaderboard(GUILD_ID, players, 1.0, pages, pages, 0)

    def gain_xp(self, share: float, among: int | None = None) -> None:
        """A share of the members says one to twelve messages; only the first so many ever do."""
        active = self._rng.choice(among or self.size, round(share * self.size), replace=False)
        self.xp[active] += 20 * self._rng.integers(1, 13, len(active))

    def active_members(self) -> npt.NDArray[np.int64]:
        """Positions of who is active on some day."""
        return np.flatnonzero(self._rng.random(self.size) < self._chance)

    def add_active_days(self, days: Sequence[date]) -> int:
        """Write `daily_points` and an accepted last sync for each day; number of rows."""
        rows = 0
        with self.database.transaction() as transaction:
            for day in days:
                active = self.active_members()
                points = self._rng.integers(0, 20, len(active))
                moment = pd.Timestamp(day, tz="UTC")
                quarters = self._rng.integers(1, 96, len(active))
                transaction.append(
                    "community.daily_points",
                    pd.DataFrame(
                        {
                            "member_id": self.member_ids.iloc[active],
                            "day": pd.Timestamp(day),
                            "discord_points": points,
                            "contribution_points": 0,
                            "adjustment_points": 0,
                            "points": points,
                            "xp_gained": 100 * points + 50,
                            "is_active": True,
                            "last_active_at": moment + pd.to_timedelta(15 * quarters, unit="min"),
                        }
                    ),
                )
                rows += len(active)
        ends = ", ".join(f"'{day + timedelta(days=1)}'" for day in days)
        execute(
            self.url,
            # Not stale: what no ledger has would be computed again, and be gone.
            "INSERT INTO community.days (day, is_points_stale) "
            f"SELECT unnest(ARRAY[{ends}]::date[]) - 1, FALSE",
            accepted_syncs(f"SELECT unnest(ARRAY[{ends}]::timestamptz[])"),
        )
        return rows

    def live(self, *days: date) -> None:
        """Live through days: who is active gains XP, and one sync of the evening reads it."""
        for day in days:
            active = self.active_members()
            self.xp[active] += 100 * self._rng.integers(1, 20, len(active)) + 50
            sync_board(self.url, self.board(), datetime.combine(day, EVENING, UTC))

    def begin(self, day: date) -> None:
        """Have the first reading on a day, in whose evening everybody has points."""
        sync_board(self.url, self.board(), datetime.combine(day, time(0, 15), UTC))
        self.xp += 100 * self._rng.integers(1, 50, self.size)
        sync_board(self.url, self.board(), datetime.combine(day, EVENING, UTC))

    def settle(self) -> None:
        """Let the server finish what setting up left behind, so that it is not measured."""
        execute(self.url, "VACUUM (ANALYZE)", "CHECKPOINT")


@contextmanager
def new_community(server: Server, size: int) -> Iterator[Community]:
    """A community in a database of its own."""
    with server.database() as url:
        yield Community(url, size)


def accepted_syncs(times: str) -> str:
    """SQL that inserts accepted and posted syncs at the times a query gives."""
    return (
        "INSERT INTO community.mee6_syncs (sync_id, synced_at, guild_id, status, started_at,"
        " finished_at, run_id, deltas_at, posted_at)"
        f" SELECT extract(epoch FROM t), t, {GUILD_ID}, 'accepted', t, t, 'bench', t, t"
        f" FROM ({times}) AS x (t)"
    )


def sync_board(url: str, board: Leaderboard, as_of: datetime) -> dict[str, Result]:
    """The whole sync job but for its HTTP: the board is here already."""

    def store(work: Work) -> Result:
        now = datetime.now(UTC)
        return store_reading(work, int(as_of.timestamp()), Reading(board, now, now))

    steps = [Step(MEE6_SYNC.steps[0].table, store), *MEE6_SYNC.steps[1:]]
    return run_job(url, replace(MEE6_SYNC, steps=steps), as_of)


def run_job(
    url: str,
    job: Job,
    as_of: datetime,
    days: tuple[date, date] | None = None,
    **changed: object,
) -> dict[str, Result]:
    """Run a job for a moment, at that moment, with changed settings; all its steps have to succeed."""
    options = Options(as_of, as_of, str(uuid.uuid4()), "bench", days=days)
    results = perform(Database(url), settings(**changed), job, options)
    failed = [result.message for result in results.values() if not result.success]
    if failed:
        raise RuntimeError(failed[0])
    return results


@cache
def settings(**changed: object) -> Settings:
    """The defaults, with a guild to read, and what is to be otherwise. A process reads them once."""
    usual = {"trc_home": Path(gettempdir()), "mee6_guild_id": GUILD_ID}
    return load_settings(**usual | changed)


def only(job: Job, *tables: str) -> Job:
    """Take some steps of a job, by the tables or the domain they write."""
    return replace(job, steps=[step for step in job.steps if step.table.startswith(tables)])
