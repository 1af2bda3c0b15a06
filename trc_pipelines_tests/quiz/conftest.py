"""A quiz in a database, driven by hand: what the app writes, and the jobs."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.jobs.contract import Result
from trc_pipelines.quiz.checks import CHECKS
from trc_pipelines.quiz.jobs import LIFE_REGENERATION, QUIZ_STREAK_UPDATE, SESSION_CLEANUP
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def player(number: int) -> str:
    """The id of a player."""
    return str(uuid.UUID(int=number))


def _sql(value: object) -> str:
    return "NULL" if value is None else f"'{value}'"


class Quiz(World):
    """An empty quiz."""

    def join(self, *numbers: int) -> None:
        """Players come."""
        for number in numbers:
            self.execute(
                f"INSERT INTO quiz.users (id, username) VALUES ('{player(number)}', 'p{number}')"
            )

    def insert(self, table: str, **values: object) -> None:
        """A row of the app; `user` is the number of a player."""
        if "user" in values:
            values["user_id"] = player(values.pop("user"))
        columns = ", ".join(values)
        self.execute(
            f"INSERT INTO quiz.{table} ({columns}) VALUES ({', '.join(map(_sql, values.values()))})"
        )

    def earn(self, user: int, amount: int, at: datetime) -> None:
        """XP, as the app writes it: the event and the sum in one transaction."""
        self.execute(
            "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) "
            f"VALUES ('{player(user)}', {amount}, '{at}', 'quiz');"
            "INSERT INTO quiz.player_progress AS p (user_id, xp, last_xp_at) "
            f"VALUES ('{player(user)}', {amount}, '{at}') ON CONFLICT (user_id) DO UPDATE "
            f"SET xp = p.xp + {amount}, last_xp_at = greatest(p.last_xp_at, '{at}')"
        )

    def regenerate(self, as_of: datetime, **options: object) -> Result:
        """Give lives back."""
        return self.run(LIFE_REGENERATION, as_of, **options)["quiz.life_regenerations"]

    def judge(self, as_of: datetime, **options: object) -> Result:
        """Judge streaks, missed days first, as the schedule asks."""
        return self.run(QUIZ_STREAK_UPDATE, as_of, **options)["quiz.streak_evaluations"]

    def clean(self, as_of: datetime, **options: object) -> Result:
        """Expire sessions."""
        return self.run(SESSION_CLEANUP, as_of, **options)["quiz.quiz_sessions"]

    def rank(self, as_of: datetime, **options: object) -> Result:
        """Rank the boards."""
        return self.run(LEADERBOARD_RECALCULATION, as_of, **options)["quiz.leaderboard_rankings"]

    def close(self, as_of: datetime, **options: object) -> Result:
        """Close what has ended."""
        return self.run(LEADERBOARD_WEEKLY_RESET, as_of, **options)["quiz.leaderboard_archive"]

    @contextmanager
    def app(self) -> Iterator[Any]:
        """A connection of the app: nothing is committed until it says so."""
        url = make_url(self.database.url).set(drivername="postgresql")
        connection = psycopg2.connect(url.render_as_string(hide_password=False))
        try:
            yield connection
        finally:
            connection.close()

    def race(
        self, statement: str, job: Callable[..., Result], *asked: object, commit: bool = True
    ) -> Result:
        """Run a job while the app has done this and not committed; it ends once the job waits."""
        with self.app() as app, app.cursor() as cursor, ThreadPoolExecutor(1) as pool:
            cursor.execute(statement)
            running = pool.submit(job, *asked)
            try:
                self._wait_for_a_waiting_job()
            except BaseException:
                app.rollback()
                raise
            if commit:
                app.commit()
            else:
                app.rollback()
            return running.result()

    def _wait_for_a_waiting_job(self) -> None:
        with self.app() as observer, observer.cursor() as cursor:
            observer.autocommit = True
            for _ in range(6_000):
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0]:
                    return
                time.sleep(0.01)
        raise AssertionError("the job does not wait for the app")

    def violations(self, name: str) -> pd.DataFrame:
        """What a check finds."""
        check = next(check for check in CHECKS if check.name == name)
        with self.database.transaction(commit=False) as transaction:
            return check.find_violations(transaction)

    def rows(self, what: str) -> list[tuple]:
        """Rows of a query, as tuples; None for NULL."""
        found = self.query(what).itertuples(index=False, name=None)
        return [tuple(None if pd.isna(value) else value for value in row) for row in found]

    def lives(self, user: int) -> tuple[int, pd.Timestamp | None]:
        """Lives now, and when the next is due."""
        ((now, due),) = self.rows(
            f"SELECT current_lives, next_regen_at FROM quiz.lives WHERE user_id = '{player(user)}'"
        )
        return now, None if pd.isna(due) else due

    def streak(self, user: int) -> tuple[int, int]:
        """Streak and protections."""
        (row,) = self.rows(
            "SELECT current_streak, protections_remaining FROM quiz.player_progress "
            f"WHERE user_id = '{player(user)}'"
        )
        return row

    def board(self, board: str) -> list[tuple[int | None, int, int]]:
        """Rank, player, score; those without a rank last."""
        rows = self.rows(
            "SELECT rank, user_id::text, score FROM quiz.leaderboard_rankings "
            f"WHERE board = '{board}' ORDER BY rank NULLS LAST, user_id"
        )
        return [
            (None if pd.isna(rank) else int(rank), uuid.UUID(user).int, score)
            for rank, user, score in rows
        ]

    def events(self, event_type: str) -> list[dict]:
        """Payloads told, in order."""
        frame = self.query(
            "SELECT payload FROM operations.domain_events "
            f"WHERE event_type = '{event_type}' ORDER BY event_id"
        )
        return frame["payload"].tolist()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """On 18 alone: every job runs on both versions in scenarios/test_dry_runs.py."""
    with lend_database(request, 18) as url:
        yield url


@pytest.fixture
def quiz(database, settings, simulator) -> Quiz:
    """An empty quiz."""
    return Quiz(database, settings, simulator)
