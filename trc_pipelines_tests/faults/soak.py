"""Months of a house whose processes are killed again and again, against one that is left alone.

`make soak` (or `python -m trc_pipelines_tests.faults.soak --kills 1000 --seed 7`): each run of each
job is killed at a random statement or commit and run again, possibly to be killed again, while users of
the apps go on. After a kill each step is done or not begun, and the checks of money hold. At the end both
worlds must have the same tables, row for row, and the same figures on record; in both every check must
hold. Tables of quiz and betting are compared after each job. The same seed kills at the same points.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from trc_pipelines.betting.checks import CHECKS as CHECKS_OF_MONEY
from trc_pipelines.betting.jobs import BANKROLL_RESET
from trc_pipelines.cli.output import say, track
from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines.database.migrations import ensure_database, migrate
from trc_pipelines.jobs.checks import Check
from trc_pipelines.jobs.contract import Job
from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.faults.crasher import Crasher, start_crasher
from trc_pipelines_tests.faults.lives import (
    Betting,
    Life,
    Quiz,
    find_differences,
    find_due_of_boards,
    tables_of,
    while_users_act,
)
from trc_pipelines_tests.servers import with_database
from trc_pipelines_tests.world import DELTAS, World

MEMBERS = {f"m{i}": 1000 + i for i in range(12)}
STEP = timedelta(hours=6)
# A Saturday: a month ends with it, and a week a day later.
BEGIN = datetime(2026, 2, 28, tzinfo=UTC)
KILLED_AGAIN = 0.3
ENTRIES = """\
SELECT (SELECT count(*) FROM community.point_ledger) + (SELECT count(*) FROM betting.bankroll_ledger) AS n"""
RARELY_DUE = (LEADERBOARD_WEEKLY_RESET.name, LEADERBOARD_MONTHLY_RESET.name, BANKROLL_RESET.name)
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
    "community.member_points": "to_jsonb(member_points) - 'account_id'",
    "community.daily_points": "*",
    "community.daily_streaks": "*",
    "community.leaderboard_rankings": "*",
    "community.leaderboard_archive": "board, period, rank, member_id, score, reached_at",
    "leaderboards.boards": "board, day, period_start, members",
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
# Of all domains.
SHARED = ["leaderboards.closed_periods", "operations.domain_events"]
SOURCES = {
    # What is kept of a reading depends on whether the one before was worked off.
    "community.mee6_leaderboard_snapshot": "community.whole_readings",
    # Keys of accounts differ: a run that is rolled back leaves out some.
    "community.xp_deltas": f"({DELTAS}) AS d",
    "community.point_ledger": "community.member_entries",
    # The quiz's boards stand in the same tables, and are another step's.
    "leaderboards.boards": "leaderboards.boards WHERE domain = 'community'",
    "leaderboards.closed_periods": "leaderboards.closed_periods WHERE domain = 'community'",
    "operations.domain_events": "operations.domain_events WHERE event_type = 'LeaderboardReset' "
    "AND payload ->> 'domain' = 'community'",
}
UNTOLD = (
    "SELECT p.board, p.period FROM leaderboards.closed_periods AS p WHERE NOT EXISTS ("
    "SELECT FROM operations.domain_events AS e WHERE e.event_type = 'LeaderboardReset' "
    "AND e.payload ->> 'leaderboard_type' = p.board AND e.payload ->> 'period' = p.period)"
)


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


class Community:
    """What happens on the board, and in the app of the community."""

    name = "community"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.xp = dict.fromkeys(MEMBERS.values(), 10_000)
        self.board: dict[int, int] = {}
        self.award = 0

    def begin(self) -> list[str]:
        return [
            f"INSERT INTO community.members (member_id, discord_id, subscription_status) "
            f"VALUES ('{member}', {account}, 'ACTIVE')"
            for member, account in MEMBERS.items()
        ]

    def find_due(self, moment: datetime) -> list[Job]:
        daily = [DAILY_STREAKS] if moment.hour == 0 and moment > BEGIN else []
        return [MEE6_SYNC, *daily, *find_due_of_boards(moment)]

    def go_on(self, moment: datetime) -> list[str]:
        """Some gain, one may lose, one may be away; the app awards."""
        for account in self.xp:
            if self.random.random() < 0.5:
                self.xp[account] += self.random.randint(1, 400)
        loser = self.random.choice(list(self.xp))
        self.xp[loser] -= self.random.choice([0, 0, 250])
        away = self.random.choice([None, None, *self.xp])
        self.board = {account: xp for account, xp in self.xp.items() if account != away}
        return [self._award(moment)]

    def _award(self, at: datetime) -> str:
        self.award += 1
        member, points = self.random.choice(list(MEMBERS)), self.random.choice([5, 25, 50, -5])
        return (
            "INSERT INTO community.point_transactions "
            "(transaction_id, member_id, action, points, created_at) "
            f"VALUES ({self.award}, '{member}', 'resource_download', {points}, '{at}')"
        )

    def act_during(self, job: Job, moment: datetime) -> list[str]:
        """The next sync posts it."""
        return [self._award(moment)] if job.name == DAILY_STREAKS.name else []


class Soak:
    """Two worlds, one of them with a killer in it."""

    def __init__(self, server: str, crasher: Crasher, seed: int, domains: Sequence[str]) -> None:
        self.random = random.Random(seed)
        self.community = Community(seed)
        lives: list[Life] = [self.community, Quiz(seed), Betting(seed)]
        self.lives = [life for life in lives if life.name in domains]
        self.crasher = crasher
        self.kills: Counter[str] = Counter()
        self.points: dict[str, int] = {}
        self.untried: dict[str, list[int]] = {}
        self.broken: Counter[str] = Counter()
        self.worlds = []
        for name in ("killed", "calm"):
            url = with_database(server, name)
            ensure_database(url)
            migrate(url)
            self.worlds.append(World(Database(url), None, None))
        self.killed, self.calm = self.worlds
        self.tables = [*tables_of(self.calm, "quiz", "betting"), *SHARED]
        for life in self.lives:
            self.do(life.begin())

    def do(self, statements: Sequence[str]) -> None:
        """Have it happen in both worlds."""
        for world in self.worlds:
            world.execute(";".join(statements) or "SELECT")

    def live(self, moment: datetime) -> None:
        """One slot in both worlds."""
        for life in self.lives:
            self.do(life.go_on(moment))
        due = {job.name: job for life in self.lives for job in life.find_due(moment)}
        for job in due.values():
            acts = [act for life in self.lives for act in life.act_during(job, moment)]
            calm = self.run(self.calm, job, moment)
            self.calm.execute(";".join(acts) or "SELECT")
            self.points[job.name] = max(self.points.get(job.name, 0), calm["passed"][0])
            self.run_and_kill(job, moment, acts)
            differing = find_differences(self.killed, self.calm, self.tables)
            assert not differing, f"{job.name} at {moment}: {differing}"

    def run(self, world: World, job: Job, moment: datetime, deadly: int | None = None) -> dict:
        """Run a job, to its end or to a point."""
        board = self.community.board
        run = self.crasher(world.database.url, moment, board, job=job.name, deadly=deadly)
        ends = [0], [-signal.SIGKILL]
        assert run["ends"] in ends[: 1 + (deadly is not None)], f"{job.name} at {moment}: {run}"
        return run

    def next_point(self, job: Job) -> int:
        """Each point of a job once, in random order, before any of them again."""
        untried = self.untried.setdefault(job.name, [])
        if not untried:
            untried += range(1, self.points[job.name] + 1)
            self.random.shuffle(untried)
        return untried.pop()

    def run_and_kill(self, job: Job, moment: datetime, acts: Sequence[str]) -> None:
        before, after = self.look_at(self.killed), self.look_at(self.calm)
        killed_again = RARE_KILLED_AGAIN if job.name in RARELY_DUE else KILLED_AGAIN
        while True:
            with while_users_act(self.killed, acts):
                run = self.run(self.killed, job, moment, self.next_point(job))
            acts = []
            if run["ends"] == [0]:
                return  # it had fewer points than that this time
            self.kills[job.name] += 1
            for tables, found in self.look_at(self.killed).items():
                if found not in (before[tables], after[tables]):
                    self.broken[f"half done by {job.name}: {tables}"] += 1
            self.broken += Counter(
                f"after a kill of {job.name}: {name}"
                for name in find_broken(self.killed, CHECKS_OF_MONEY)
            )
            if self.random.random() > killed_again:
                break
        self.run(self.killed, job, moment)

    def look_at(self, world: World) -> dict[str, tuple]:
        """Numbers for what one step of the community writes, where there is one."""
        return fingerprints_of(world) if self.community in self.lives else {}

    def compare(self) -> tuple[Counter[str], Counter[str], set[str]]:
        """Rows lost and rows too many by table, and what does not hold."""
        lost, doubled, broken = Counter[str](), Counter[str](), set[str]()
        for table, columns in COMPARED.items():
            killed, calm = (rows_of(world, table, columns) for world in self.worlds)
            lost += Counter({table: (calm - killed).total()})
            doubled += Counter({table: (killed - calm).total()})
            if not calm and self.community in self.lives:
                broken.add(f"{table} has something to compare")
        for world in self.worlds:
            broken |= find_broken(world, CHECKS)
            if len(world.query(UNTOLD)):
                broken.add("every closed period is told")
        return lost, doubled, broken | set(self.broken)


def find_broken(world: World, checks: Sequence[Check]) -> set[str]:
    """Names of checks that do not hold."""
    with world.database.transaction() as transaction:
        return {c.name for c in checks if not c.find_violations(transaction).empty}


def soak(kills: int, seed: int, domains: Sequence[str]) -> bool:
    """Whether nothing was lost and nothing doubled."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak") as folder, start_crasher() as crasher:
        Path(folder).chmod(0o755)
        try:
            run = Soak(start_embedded_server(Path(folder) / "pg"), crasher, seed, domains)
            moment = BEGIN
            for _ in track(range(kills), kills, f"Killing {kills} times, seed {seed}"):
                while run.kills.total() <= _:
                    run.live(moment)
                    moment += STEP
            lost, doubled, broken = run.compare()
            rows = run.calm.query(ENTRIES)["n"][0]
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
    parser.add_argument("--domains", default="community,quiz,betting")
    options = parser.parse_args()
    sys.exit(not soak(options.kills, options.seed, options.domains.split(",")))


if __name__ == "__main__":
    main()
