"""Months of a community whose processes are killed again and again, against one that is left alone.

`make soak` (or `python -m trc_pipelines_tests.faults.soak --kills 1000 --seed 7`): each run of each
job is killed at a random statement or commit and run again, possibly to be killed again. After a kill
each step is done or not begun. At the end both worlds must have the same tables, row for row, and the
same figures on record; in both every check must hold. The same seed kills at the same points.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from trc_pipelines.cli.output import say, track
from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines.database.migrations import ensure_database, migrate
from trc_pipelines.jobs.contract import Job
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.faults.crasher import Crasher, start_crasher
from trc_pipelines_tests.servers import with_database
from trc_pipelines_tests.world import DELTAS, World

MEMBERS = {f"m{i}": 1000 + i for i in range(12)}
STEP = timedelta(hours=6)
# A Saturday: a month ends with it, and a week a day later.
BEGIN = datetime(2026, 2, 28, tzinfo=UTC)
KILLED_AGAIN = 0.3
RARELY_DUE = (LEADERBOARD_WEEKLY_RESET.name, LEADERBOARD_MONTHLY_RESET.name)
RARE_KILLED_AGAIN = 0.9
# Figures of steps that do nothing the second time: whatever is committed is on record, once.
RECORDED = {
    "community.mee6_leaderboard_snapshot": "linked_members",
    "community.xp_deltas": "syncs",
    "community.point_ledger": "entries",
    "community.leaderboard_archive": "scores_archived",
}
COMPARED = {
    "community.mee6_syncs": "sync_id, status, found_count",
    "community.mee6_leaderboard_snapshot": "sync_id, discord_id, member_id, xp, is_present",
    "community.xp_deltas": "*",
    "community.xp_states": "discord_id, member_id, last_sync_id, is_present, xp, baseline_xp, "
    "whole_total, carry",
    "community.point_ledger": "coalesce('sync ' || sync_id, source_key), member_id, action, points, "
    "effective_at",
    "community.member_points": "*",
    "community.daily_points": "*",
    "community.daily_streaks": "*",
    "community.leaderboard_rankings": "*",
    "community.leaderboard_archive": "board, period, rank, member_id, score, reached_at",
    "leaderboards.boards": "board, day, period_start, members, version",
    "leaderboards.closed_periods": "board, period_start, members",
    "operations.domain_events": "event_type, dedupe_key, payload::text",
    "community.posting_cursors": "*",
    "community.days": "day, is_points_stale, is_streaks_stale, is_boards_stale",
    "operations.job_executions": ", ".join(
        f"sum((details -> '{table}' ->> '{figure}')::int) AS {figure}"
        for table, figure in RECORDED.items()
    ),
}
# Written by one step, so in one transaction.
TOGETHER = [
    ("community.mee6_syncs", "community.mee6_leaderboard_snapshot"),
    ("community.xp_deltas", "community.xp_states"),
    ("community.point_ledger", "community.member_points", "community.posting_cursors"),
    ("community.daily_points",),
    ("community.daily_streaks",),
    ("community.leaderboard_rankings", "leaderboards.boards"),
    (
        "community.leaderboard_archive",
        "leaderboards.closed_periods",
        "operations.domain_events",
    ),
]
SOURCES = {
    # What is kept of a reading depends on whether the one before was worked off.
    "community.mee6_leaderboard_snapshot": "community.whole_readings",
    # Keys of accounts differ: a run that is rolled back leaves out some.
    "community.xp_deltas": f"({DELTAS}) AS d",
    "community.point_ledger": "community.member_entries",
    # The quiz's boards stand in the same table, and are another step's.
    "leaderboards.boards": "leaderboards.boards WHERE domain = 'community'",
}
UNTOLD = (
    "SELECT p.board, p.period FROM leaderboards.closed_periods AS p WHERE NOT EXISTS ("
    "SELECT FROM operations.domain_events AS e WHERE e.event_type = 'LeaderboardReset' "
    "AND e.payload ->> 'leaderboard_type' = p.board AND e.payload ->> 'period' = p.period)"
)


def jobs_at(moment: datetime) -> list[Job]:
    """What is due."""
    jobs = [MEE6_SYNC, LEADERBOARD_RECALCULATION]
    if moment.hour == 0 and moment > BEGIN:
        jobs.append(DAILY_STREAKS)
        if moment.weekday() == 0:
            jobs.append(LEADERBOARD_WEEKLY_RESET)
        if moment.day == 1:
            jobs.append(LEADERBOARD_MONTHLY_RESET)
    return jobs


def rows_of(world: World, table: str, columns: str) -> Counter[tuple]:
    """Rows, and how often each is there."""
    frame = world.query(f"SELECT {columns} FROM {SOURCES.get(table, table)}").astype(str)
    return Counter(frame.itertuples(index=False, name=None))


def fingerprints_of(world: World) -> dict[str, tuple]:
    """What is in the tables, in a number for each."""
    numbers = ", ".join(
        "(SELECT coalesce(sum(hashtextextended(t::text, 0)), 0)::text "
        f'FROM (SELECT {COMPARED[table]} FROM {SOURCES.get(table, table)}) AS t) AS "{table}"'
        for group in TOGETHER
        for table in group
    )
    row = world.query(f"SELECT {numbers}").iloc[0]
    return {" and ".join(group): tuple(row[list(group)]) for group in TOGETHER}


class Life:
    """What happens in the community: the same in both worlds."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.xp = dict.fromkeys(MEMBERS.values(), 10_000)
        self.award = 0

    def go_on(self, worlds: list[World], moment: datetime) -> dict[int, int]:
        """Some gain, one may lose, one may be away; the app awards. The board."""
        for account in self.xp:
            if self.random.random() < 0.5:
                self.xp[account] += self.random.randint(1, 400)
        loser = self.random.choice(list(self.xp))
        self.xp[loser] -= self.random.choice([0, 0, 250])
        self.award += 1
        member, points = self.random.choice(list(MEMBERS)), self.random.choice([5, 25, 50, -5])
        for world in worlds:
            world.execute(
                "INSERT INTO community.point_transactions "
                "(transaction_id, member_id, action, points, created_at) VALUES "
                f"({self.award}, '{member}', 'resource_download', {points}, '{moment}')"
            )
        away = self.random.choice([None, None, *self.xp])
        return {account: xp for account, xp in self.xp.items() if account != away}


class Soak:
    """Two worlds, one of them with a killer in it."""

    def __init__(self, server: str, crasher: Crasher, seed: int) -> None:
        self.random = random.Random(seed)
        self.life = Life(seed)
        self.crasher = crasher
        self.kills: Counter[str] = Counter()
        self.points: dict[str, int] = {}
        self.untried: dict[str, list[int]] = {}
        self.half_done: Counter[str] = Counter()
        self.worlds = []
        for name in ("killed", "calm"):
            url = with_database(server, name)
            ensure_database(url)
            migrate(url)
            world = World(Database(url), None, None)
            world.link(MEMBERS)
            self.worlds.append(world)
        self.killed, self.calm = self.worlds

    def live(self, moment: datetime) -> None:
        """One slot in both worlds."""
        board = self.life.go_on(self.worlds, moment)
        for job in jobs_at(moment):
            calm = self.crasher(self.calm.database.url, moment, board, job=job.name)
            assert calm["ends"] == [0], f"{job.name} at {moment}: {calm}"
            self.points[job.name] = max(self.points.get(job.name, 0), calm["passed"][0])
            self.run_and_kill(job, moment, board)

    def next_point(self, job: Job) -> int:
        """Each point of a job once, in random order, before any of them again."""
        untried = self.untried.setdefault(job.name, [])
        if not untried:
            untried += range(1, self.points[job.name] + 1)
            self.random.shuffle(untried)
        return untried.pop()

    def run_and_kill(self, job: Job, moment: datetime, board: dict[int, int]) -> None:
        before, after = fingerprints_of(self.killed), fingerprints_of(self.calm)
        killed_again = RARE_KILLED_AGAIN if job.name in RARELY_DUE else KILLED_AGAIN
        while True:
            deadly = self.next_point(job)
            run = self.crasher(self.killed.database.url, moment, board, job=job.name, deadly=deadly)
            if run["ends"] == [-signal.SIGKILL]:
                self.kills[job.name] += 1
                for tables, found in fingerprints_of(self.killed).items():
                    if found not in (before[tables], after[tables]):
                        self.half_done[f"{job.name}: {tables}"] += 1
            else:
                assert run["ends"] == [0], f"{job.name} at {moment}, point {deadly}: {run}"
                return  # it had fewer points than that this time
            if self.random.random() > killed_again:
                break
        run = self.crasher(self.killed.database.url, moment, board, job=job.name)
        assert run["ends"] == [0], f"{job.name} at {moment} after point {deadly}: {run}"

    def compare(self) -> tuple[Counter[str], Counter[str], set[str]]:
        """Rows lost and rows too many by table, and what does not hold."""
        lost, doubled, broken = Counter[str](), Counter[str](), set[str]()
        for table, columns in COMPARED.items():
            killed, calm = (rows_of(world, table, columns) for world in self.worlds)
            lost += Counter({table: (calm - killed).total()})
            doubled += Counter({table: (killed - calm).total()})
            if not calm:
                broken.add(f"{table} has something to compare")
        for world in self.worlds:
            with world.database.transaction() as transaction:
                broken |= {c.name for c in CHECKS if not c.find_violations(transaction).empty}
            if len(world.query(UNTOLD)):
                broken.add("every closed period is told")
        broken |= {f"half done by {what}" for what in self.half_done}
        return lost, doubled, broken


def soak(kills: int, seed: int) -> bool:
    """Whether nothing was lost and nothing doubled."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak") as folder, start_crasher() as crasher:
        Path(folder).chmod(0o755)
        try:
            run = Soak(start_embedded_server(Path(folder) / "pg"), crasher, seed)
            moment = BEGIN
            for _ in track(range(kills), kills, f"Killing {kills} times, seed {seed}"):
                while run.kills.total() <= _:
                    run.live(moment)
                    moment += STEP
            lost, doubled, broken = run.compare()
            rows = run.calm.query("SELECT count(*) AS n FROM community.point_ledger")["n"][0]
        finally:
            stop_embedded_server(Path(folder) / "pg")
    say(
        f"{run.kills.total()} kills over {(moment - BEGIN).days} days, {time.monotonic() - began:.0f} s"
    )
    say(pd.Series(run.kills).to_string())
    say(f"{rows} ledger entries; {lost.total()} rows lost, {doubled.total()} doubled")
    say(f"broken checks: {', '.join(sorted(broken)) or 'none'}")
    if lost or doubled:
        say(pd.DataFrame({"lost": lost, "doubled": doubled}).fillna(0).astype(int).to_string())
    return not (lost or doubled or broken)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    sys.exit(not soak(options.kills, options.seed))


if __name__ == "__main__":
    main()
