"""A community in a database and a board to read, driven by hand."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import sqlalchemy as sa

from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.database.connection import Database
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import Job, Options, Result
from trc_pipelines.jobs.execution import perform
from trc_pipelines.settings import Settings, load_settings
from trc_pipelines_tests.databases import PooledDatabase, engine_of

# A Wednesday: weekdays on both sides.
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
# With whose they are.
DELTAS = """\
SELECT d.sync_id, a.discord_id, a.member_id, d.kind, d.is_flagged, d.xp_total, d.xp_delta, d.baseline_xp,
d.carry_before, d.whole, d.carry_after
FROM community.xp_deltas AS d INNER JOIN community.accounts AS a ON d.account_id = a.account_id"""


class World:
    """A community in a database and a board to read, driven by hand."""

    def __init__(self, database: Database, settings: Settings, simulator: Simulator) -> None:
        self.database = database
        self.settings = settings
        self.simulator = simulator

    def link(self, members: dict[str, int], status: str = "ACTIVE") -> None:
        """Link members to Discord accounts."""
        with self.database.transaction() as transaction:
            transaction.append(
                "community.members",
                pd.DataFrame(
                    {
                        "member_id": list(members),
                        "discord_id": list(members.values()),
                        "subscription_status": status,
                    }
                ),
            )

    def run(self, job: Job, as_of: datetime, **options: object) -> dict[str, Result]:
        """Run a job for a moment, at that moment."""
        return perform(
            self.database,
            self.settings,
            job,
            Options(
                as_of=as_of,
                now=options.get("now", as_of),
                run_id=str(uuid.uuid4()),
                executed_by="test",
                limit=options.get("limit"),
                days=options.get("days"),
                are_days_due=bool(options.get("are_days_due")),
            ),
            dry_run=bool(options.get("dry_run")),
        )

    def sync(self, as_of: datetime, xp: dict[int, int] | None = None) -> dict[str, Result]:
        """Read the board (set to `xp` by account, if given) and work it off."""
        if xp is not None:
            self.simulator.board = board(xp)
        return self.run(MEE6_SYNC, as_of)

    def query(self, sql: str) -> pd.DataFrame:
        """Look at the tables."""
        return pd.read_sql(sa.text(sql), engine_of(self.database.url))

    def execute(self, sql: str) -> None:
        """Do to the tables what an app or a person might."""
        with engine_of(self.database.url).begin() as connection:
            connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def points(self) -> dict[str, int]:
        """Balances by member."""
        frame = self.query("SELECT member_id, total FROM community.member_points")
        return dict(zip(frame["member_id"], frame["total"], strict=True))


def stay_within_a_day() -> None:
    """Wait for midnight where it is near: what follows is about one and the same day."""
    now = datetime.now(UTC)
    left = (datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1) - now).seconds
    if left < 60:
        time.sleep(left + 1)


@contextmanager
def play_in(url: str) -> Iterator[World]:
    """A community that is played before the tests that begin with it."""
    with Simulator(board({})) as simulator, TemporaryDirectory() as home:
        settings = settings_of(url, simulator, Path(home))
        yield World(PooledDatabase(url, 60, 30), settings, simulator)


def settings_of(url: str, simulator: Simulator, home: Path) -> Settings:
    """Settings that point at a test's database and simulator."""
    return load_settings(
        trc_home=home,
        database_url=url,
        mee6_guild_id=simulator.guild_id,
        mee6_base_url=simulator.base_url,
        mee6_request_interval_seconds=0,
        mee6_deadline_seconds=5,
        lock_timeout_seconds=30,
    )


def board(xp: dict[int, int]) -> pd.DataFrame:
    """A board for the simulator from XP by account."""
    return pd.DataFrame({"discord_id": list(xp), "xp": list(xp.values())}, dtype="int64")
