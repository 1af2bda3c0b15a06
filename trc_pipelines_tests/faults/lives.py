"""What happens in apps while jobs are killed, and what of their tables two worlds must have in common."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

from trc_pipelines.betting.jobs import (
    BADGE_CALCULATION,
    BANKROLL_RESET,
    BETTING_TOTALS,
    CLEANUP,
    CONTENT_EXPIRATION,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
)
from trc_pipelines.jobs.contract import Job
from trc_pipelines.quiz.jobs import (
    LIFE_REGENERATION,
    QUIZ_STREAK_UPDATE,
    QUIZ_TOTALS,
    SESSION_CLEANUP,
)
from trc_pipelines_tests.catalogue import (
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.world import World

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

# When and by which run something was done, and numbers of which a run that is rolled back leaves out some.
BY_THE_RUN = [
    "run_id", "recorded_at", "finished_at", "evaluated_at", "computed_at", "closed_at", "entry_id",
    "history_id", "batch_id", "event_id", "transaction_id", "first_entry_id", "last_entry_id",
    "corrects_entry_id", "digest", "updated_at",
]  # fmt: skip
ROW = f"to_jsonb(t) - '{{{','.join(BY_THE_RUN)}}}'::text[]"
ROWS = {
    # Its key is drawn at random.
    "betting.notifications": f"{ROW} - 'id'",
}
TABLES = """\
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ({schemas}) ORDER BY 1"""


# What each run says of itself: one that was killed in the middle said some of it.
OF_RUNS = {"betting.cleanups"}


def tables_of(world: World, *schemas: str) -> list[str]:
    """Every table of the schemas in which runs that were killed leave nothing of their own."""
    names = ", ".join(f"'{schema}'" for schema in schemas)
    tables = world.query(TABLES.format(schemas=names)).iloc[:, 0]
    return [table for table in tables if table not in OF_RUNS]


def fingerprints_of(world: World, tables: Collection[str]) -> dict[str, str]:
    """What is in each table, in a number."""
    numbers = ", ".join(
        f"(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(({ROWS.get(table, ROW)})::text, 0)), 0) "
        f'FROM {table} AS t) AS "{table}"'
        for table in tables
    )
    return dict(world.query(f"SELECT {numbers}").iloc[0])


def find_differences(
    one: World, other: World, tables: Collection[str]
) -> dict[str, tuple[list[str], list[str]]]:
    """Rows that only one has, and those that only the other has, by table; of most tables there is none."""
    mine, theirs = fingerprints_of(one, tables), fingerprints_of(other, tables)
    found = {}
    for table in tables:
        if mine[table] != theirs[table]:
            rows = f"SELECT ({ROWS.get(table, ROW)})::text FROM {table} AS t"
            here, there = (Counter(world.query(rows).iloc[:, 0]) for world in (one, other))
            found[table] = list((here - there).elements()), list((there - here).elements())
    return found


class Life(Protocol):
    """What users of an app do, as statements: the same in every world."""

    name: str

    def begin(self) -> list[str]:
        """Users come."""

    def find_due(self, moment: datetime) -> list[Job]:
        """Jobs, in their order."""

    def go_on(self, moment: datetime) -> list[str]:
        """What happened up to then."""

    def act_during(self, job: Job, moment: datetime) -> list[str]:
        """What users do while a job works: nothing that it could see or not, as the moment is."""


class Betting:
    """Games with bets of every kind, which are over in the next slot."""

    name = "betting"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"{seed} betting")
        self.users = [f"b{number}" for number in range(8)]
        self.open: list[str] = []
        self.numbers = itertools.count()

    def begin(self) -> list[str]:
        return [self.join(user, datetime(2026, 1, 1, tzinfo=UTC)) for user in self.users]

    def join(self, user: str, at: datetime) -> str:
        return (
            "INSERT INTO betting.users (id, username, referral_count, created_at) "
            f"VALUES ('{user}', '{user}', {len(user)}, '{at}'); "
            f"INSERT INTO betting.bankrolls (user_id, balance) VALUES ('{user}', 70000)"
        )

    def find_due(self, moment: datetime) -> list[Job]:
        jobs = [GAME_SETTLEMENT]
        if moment.hour == 0:
            jobs += [BANKROLL_RESET] * (moment.weekday() == 0) + [BETTING_TOTALS, CLEANUP]
        return [*jobs, STATS_ROLLUP, BADGE_CALCULATION, CONTENT_EXPIRATION]

    def go_on(self, moment: datetime) -> list[str]:
        games, self.open = self.open, []
        return [self.end(game, moment) for game in games] + self.schedule(moment)

    def end(self, game: str, moment: datetime) -> str:
        status = self.random.choice(["completed"] * 9 + ["cancelled", "postponed"])
        if status == "postponed":  # until the next slot
            self.open.append(game)
        return (
            f"UPDATE betting.games SET status = '{status}', home_score = {self.random.randint(0, 3)}, "
            f"away_score = {self.random.randint(0, 3)}, completed_at = '{moment - HOUR}' WHERE id = '{game}'"
        )

    def schedule(self, at: datetime) -> list[str]:
        game = f"g{next(self.numbers)}"
        self.open.append(game)
        said = [
            "INSERT INTO betting.games (id, sport, home_team, away_team, commence_time) "
            f"VALUES ('{game}', 'NFL', 'Hawks', 'Owls', '{at + HOUR}')"
        ]
        for _ in range(self.random.randint(1, 4)):
            bet, user = f"t{next(self.numbers)}", self.random.choice(self.users)
            kind = self.random.choice(["moneyline", "spread", "total"])
            details = json.dumps(
                {"team": self.random.choice(["Hawks", "Owls"]), "line": "1.5", "total_type": "over"}
            )
            said.append(
                "INSERT INTO betting.bets "
                "(id, user_id, game_id, bet_type, bet_details, stake, odds, created_at) "
                f"VALUES ('{bet}', '{user}', '{game}', '{kind}', '{details}', "
                f"{self.random.choice([999, 20_000, 90_000])}, {self.random.choice([-110, 150])}, '{at}')"
            )
        said.append(
            "INSERT INTO betting.posts (id, user_id, created_at, expires_at) "
            f"VALUES ('{game}', '{self.random.choice(self.users)}', '{at}', '{at + 30 * HOUR}')"
        )
        return said

    def act_during(self, job: Job, moment: datetime) -> list[str]:
        if job.name not in (GAME_SETTLEMENT.name, BANKROLL_RESET.name):
            return []
        joined = []
        if job.name == BANKROLL_RESET.name:
            self.users.append(f"b{len(self.users)}")
            joined.append(self.join(self.users[-1], moment + SECOND))
        return joined + self.schedule(moment + SECOND)


class Quiz:
    """Players who play always, now and then, or hardly any more."""

    name = "quiz"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(f"{seed} quiz")
        self.players = {
            f"q{number}": plays for number, plays in enumerate([1, 1, 0.5, 0.3, 0.08, 0.04])
        }
        self.numbers = itertools.count()

    def begin(self) -> list[str]:
        return [
            f"INSERT INTO quiz.users (id, created_at) VALUES ('{player}', '2026-01-01Z'); "
            f"INSERT INTO quiz.lives (user_id) VALUES ('{player}'); "
            "INSERT INTO quiz.player_progress (user_id, protections_remaining) "
            f"VALUES ('{player}', {number % 3})"
            for number, player in enumerate(self.players)
        ]

    def find_due(self, moment: datetime) -> list[Job]:
        daily = [QUIZ_STREAK_UPDATE, QUIZ_TOTALS] if moment.hour == 0 else []
        return [LIFE_REGENERATION, SESSION_CLEANUP, *daily, *find_due_of_boards(moment)]

    def go_on(self, moment: datetime) -> list[str]:
        said = []
        for player, plays in self.players.items():
            if self.random.random() < plays:
                said += self.play(player, moment - self.random.randint(1, 300) * MINUTE)
        return said

    def play(self, player: str, at: datetime) -> list[str]:
        """A quiz costs a life; one in three is not finished."""
        key = f"s{next(self.numbers)}"
        said = [
            f"UPDATE quiz.lives SET current_lives = current_lives - 1, updated_at = '{at}', "
            f"next_regen_at = coalesce(next_regen_at, '{at + HOUR}') "
            f"WHERE user_id = '{player}' AND current_lives > 0",
            "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) "
            f"VALUES ('{key}', '{player}', '{at}', '{at + HOUR}')",
        ]
        return said if self.random.random() < 1 / 3 else said + self.finish(player, key, at)

    def finish(self, player: str, key: str, at: datetime) -> list[str]:
        score = self.random.choice([10, 20, 35])
        return [
            f"UPDATE quiz.quiz_sessions SET status = 'completed', completed_at = '{at}', score = {score} "
            f"WHERE id = '{key}'",
            "INSERT INTO quiz.xp_events (id, user_id, amount, earned_at, source, session_id) "
            f"VALUES ('x{key}', '{player}', {score}, '{at}', 'quiz', '{key}')",
            f"UPDATE quiz.player_progress SET xp = xp + {score}, last_xp_at = '{at}', last_quiz_at = '{at}', "
            f"updated_at = '{at}', current_streak = current_streak + 1 WHERE user_id = '{player}'",
        ]

    def act_during(self, job: Job, moment: datetime) -> list[str]:
        """Who plays always: neither their lives nor their streaks are due."""
        if job.name not in (SESSION_CLEANUP.name, QUIZ_STREAK_UPDATE.name):
            return []
        return self.play(self.random.choice(["q0", "q1"]), moment + SECOND)


def find_due_of_boards(moment: datetime) -> list[Job]:
    """What ranks, and closes what has ended."""
    jobs = [LEADERBOARD_RECALCULATION]
    if moment.hour == 0:
        jobs += [LEADERBOARD_WEEKLY_RESET] * (moment.weekday() == 0)
        jobs += [LEADERBOARD_MONTHLY_RESET] * (moment.day == 1)
    return jobs


@contextmanager
def while_users_act(world: World, statements: Sequence[str]) -> Iterator[None]:
    """Have statements run, one after the other, while the block does; at its end all are done."""
    with ThreadPoolExecutor(1) as users:
        done = [users.submit(world.execute, statement) for statement in statements]
        yield
    for each in done:
        each.result()
