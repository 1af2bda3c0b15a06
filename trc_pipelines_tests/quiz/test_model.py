"""The quiz against a second opinion: any history, any order of ticks, the same state.

Hypothesis invents what players do and when the jobs run: on time, late, again, missed, an older tick
after a newer one. The `Model` is dicts and loops written from the rules of the game, not from the
code. After every tick all it knows is compared with the tables.

More histories: EXAMPLES=20 pytest trc_pipelines_tests/quiz/test_model.py; the smallest one that
fails: QUIZ_SHRINK=1, which takes minutes.
"""

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Job, Options
from trc_pipelines.jobs.execution import Run
from trc_pipelines.quiz.jobs import LIFE_REGENERATION, QUIZ_STREAK_UPDATE, SESSION_CLEANUP
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.catalogue import (
    LEADERBOARD_MONTHLY_RESET,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.servers import create_database

EXAMPLES = examples(12)
SKIPPED = set() if os.environ.get("QUIZ_SHRINK") else {Phase.shrink, Phase.explain}
START = datetime(2026, 3, 26, 9, 0, tzinfo=UTC)  # a Thursday; the month ends on a Tuesday
MINUTE, HALF_HOUR, HOUR, DAY = (timedelta(minutes=m) for m in (1, 30, 60, 1440))
PLAYERS = [str(uuid.UUID(int=number)) for number in (4, 3, 2, 1)]


# The model ----------------------------------------------------------------------------------------


@dataclass
class Player:
    """What the app and the jobs know of one."""

    is_gone: bool = False
    lives: int = 5
    last_life: datetime | None = None
    next_life: datetime | None = None
    xp: int = 0
    last_xp: datetime | None = None
    streak: int = 0
    longest: int = 0
    protections: int = 0
    last_quiz: datetime | None = None


@dataclass
class Session:
    player: str
    started: datetime
    expires: datetime | None
    status: str = "active"
    ended: datetime | None = None


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@dataclass
class Model:
    """The rules of the game, slowly."""

    players: dict[str, Player] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    gains: list[tuple[str, int, datetime]] = field(default_factory=list)
    lives_back: dict[tuple[datetime, str], tuple[int, int]] = field(default_factory=dict)
    judged: dict[date, tuple[int, int]] = field(default_factory=dict)
    verdicts: dict[tuple[date, str], tuple] = field(default_factory=dict)
    boards: dict[tuple[str, str], tuple] = field(default_factory=dict)
    closed: dict[tuple[str, date], list[tuple]] = field(default_factory=dict)
    events: list[tuple[str, datetime, dict]] = field(default_factory=list)

    def give_lives(self, tick: datetime, *, catch_up: bool) -> None:
        for name, player in self.players.items():
            if player.lives >= 5 or (tick, name) in self.lives_back:
                continue
            if player.next_life is None:
                player.next_life = tick + HALF_HOUR
                continue
            given = 0
            while player.next_life <= tick and player.lives < 5 and (catch_up or not given):
                given += 1
                player.lives += 1
                player.next_life += HALF_HOUR
            if not given:
                continue
            if player.lives == 5:
                player.next_life = None
            player.last_life = max(player.last_life or tick, tick)
            self.lives_back[tick, name] = (given, player.lives)
            told = {"user_id": name, "lives_added": given, "new_total": player.lives}
            self.events.append(("LifeRegenerated", tick, told))

    def judge(self, tick: datetime) -> None:
        day = max(self.judged) + DAY if self.judged else tick.date()
        while day <= tick.date():
            count = {"protected": 0, "broken": 0}
            for name, player in self.players.items():
                if not player.streak or midnight(day) - player.last_quiz <= 48 * HOUR:
                    continue
                before = player.streak
                if player.protections:
                    player.protections -= 1
                    outcome, event = "protected", "StreakProtectionUsed"
                    told = {"protections_remaining": player.protections, "current_streak": before}
                else:
                    player.streak = 0
                    outcome, event = "broken", "StreakBroken"
                    told = {"previous_streak": before, "last_quiz_at": iso(player.last_quiz)}
                count[outcome] += 1
                self.verdicts[day, name] = (outcome, before, player.protections, player.last_quiz)
                self.events.append((event, tick, {"user_id": name, **told}))
            self.judged[day] = (count["protected"], count["broken"])
            day += DAY

    def expire(self, tick: datetime) -> None:
        for key, session in self.sessions.items():
            deadline = session.expires or session.started + 10 * MINUTE
            if session.status == "active" and deadline <= tick:
                session.status, session.ended = "expired", tick
                told = {"session_id": key, "user_id": session.player, "reason": "expired"}
                self.events.append(("QuizAbandoned", tick, {**told, "expired_at": iso(tick)}))

    def earned(self, start: date, end: datetime) -> dict[str, tuple[int, datetime | None]]:
        """From the beginning of a day up to, not including, a moment."""
        found: dict[str, tuple[int, datetime | None]] = {}
        for name, amount, at in self.gains:
            if midnight(start) <= at < end:
                score, latest = found.get(name, (0, None))
                if amount > 0:
                    latest = max(latest or at, at)
                found[name] = (score + amount, latest)
        return {name: row for name, row in found.items() if not self.players[name].is_gone}

    @staticmethod
    def in_order(scores: dict[str, tuple[int, datetime | None]]) -> list[str]:
        ranked = [name for name, (score, _) in scores.items() if score > 0]
        ranked.sort()
        ranked.sort(key=lambda name: scores[name][1], reverse=True)
        ranked.sort(key=lambda name: scores[name][0], reverse=True)
        return ranked

    def rank(self, tick: datetime) -> None:
        if any(tick < ranked_at for *_, ranked_at in self.boards.values()):
            return
        day = tick.date()
        starts = {"weekly": day - day.weekday() * DAY, "monthly": day.replace(day=1)}
        for board in ("global", "weekly", "monthly"):
            scores = {
                name: (0, None) for name, player in self.players.items() if not player.is_gone
            }
            if board == "global":
                scores = {
                    name: (self.players[name].xp, self.players[name].last_xp) for name in scores
                }
            else:
                scores |= self.earned(starts[board], tick + timedelta.resolution)
            order = self.in_order(scores)
            for name in self.players:
                if name not in scores:
                    self.boards.pop((board, name), None)
                    continue
                row = (order.index(name) + 1 if name in order else None, *scores[name])
                if self.boards.get((board, name), ())[:3] != row:
                    self.boards[board, name] = (*row, tick)

    def close(self, tick: datetime) -> None:
        if not self.gains:
            return
        first = min(at for _, _, at in self.gains).date()
        ended = []
        for board in ("weekly", "monthly"):
            start = first - first.weekday() * DAY if board == "weekly" else first.replace(day=1)
            while True:
                following = start + 7 * DAY
                if board == "monthly":
                    following = (start + 31 * DAY).replace(day=1)
                if midnight(following) > tick:
                    break
                ended.append((following, board == "monthly", board, start))
                start = following
        for following, _, board, start in sorted(ended):
            if (board, start) in self.closed:
                continue
            scores = self.earned(start, midnight(following))
            order = self.in_order(scores)
            self.closed[board, start] = [(name, *scores[name]) for name in order]
            year, week, _ = start.isocalendar()
            told = {
                "domain": "quiz",
                "leaderboard_type": board,
                "period": f"{year}-W{week:02}" if board == "weekly" else f"{start:%Y-%m}",
                "period_start": str(start),
                "period_end": str(following),
                "players_archived": len(order),
            }
            self.events.append(("LeaderboardReset", tick, told))

    def state(self) -> dict[str, object]:
        """Everything, in a form that can be compared."""
        return {
            "lives": {n: (p.lives, p.last_life, p.next_life) for n, p in self.players.items()},
            "progress": {
                n: (p.xp, p.last_xp, p.streak, p.longest, p.protections, p.last_quiz)
                for n, p in self.players.items()
            },
            "sessions": {k: (s.status, s.ended) for k, s in self.sessions.items()},
            "lives_back": self.lives_back,
            "judged": self.judged,
            "verdicts": self.verdicts,
            "boards": self.boards,
            "closed": {key: len(rows) for key, rows in self.closed.items()},
            "archive": {
                (*key, rank): row
                for key, rows in self.closed.items()
                for rank, row in enumerate(rows, start=1)
            },
            "events": sorted(
                (kind, at, json.dumps(told, sort_keys=True)) for kind, at, told in self.events
            ),
        }


# The real thing -----------------------------------------------------------------------------------

STATE = {
    "lives": "SELECT user_id::text, current_lives, last_regen_at, next_regen_at FROM quiz.lives",
    "progress": "SELECT user_id::text, xp, last_xp_at, current_streak, longest_streak, "
    "protections_remaining, last_quiz_at FROM quiz.player_progress",
    "sessions": "SELECT id::text, status, completed_at FROM quiz.quiz_sessions",
    "lives_back": "SELECT regenerated_at, user_id::text, lives_added, new_total "
    "FROM quiz.life_regenerations",
    "judged": "SELECT day, protected_count, broken_count FROM quiz.evaluated_days",
    "verdicts": "SELECT evaluated_on, user_id::text, outcome, streak_before, protections_left, "
    "last_quiz_at FROM quiz.streak_evaluations",
    "boards": "SELECT board, user_id::text, rank, score, reached_at, ranked_at "
    "FROM quiz.leaderboard_rankings",
    "closed": "SELECT board, period_start, members FROM leaderboards.closed_periods",
    "archive": "SELECT board, period_start, rank, user_id::text, score, reached_at "
    "FROM quiz.leaderboard_archive",
}
KEY_COLUMNS = {"lives_back": 2, "verdicts": 2, "boards": 2, "closed": 2, "archive": 3}
APPEND_ONLY = [
    "quiz.evaluated_days",
    "quiz.streak_evaluations",
    "leaderboards.closed_periods",
    "leaderboards.archived_rankings",
]
OTHERS = [
    "quiz.users",
    "quiz.xp_events",
    "quiz.lives",
    "quiz.player_progress",
    "quiz.quiz_sessions",
    "quiz.life_regenerations",
    "quiz.counted_xp",
    "quiz.leaderboard_rankings",
    "leaderboards.boards",
    "operations.domain_events",
]


class Real:
    """One database and its connections, kept for all histories."""

    def __init__(self, url: str, home: Path) -> None:
        self.database = Database(url, statement_timeout_seconds=60, lock_timeout_seconds=30)
        self.settings = load_settings(trc_home=home, database_url=url)
        self.opened = self.database.connect()
        self.connection = self.opened.__enter__()
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.app = psycopg2.connect(plain)
        self.app.autocommit = True
        self.cursor = self.app.cursor()
        self.do("SET synchronous_commit = off; SET TimeZone = 'UTC'")

    def close(self) -> None:
        self.app.close()
        self.opened.__exit__(None, None, None)

    def do(self, sql: str, *parameters: object) -> None:
        self.cursor.execute(sql, parameters)

    def empty(self) -> None:
        """What is written once and for good has to be told that it may go."""
        off, on = (
            "".join(
                f"ALTER TABLE {table} {change} TRIGGER {table.split('.')[1]}_append_only;"
                for table in APPEND_ONLY
            )
            for change in ("DISABLE", "ENABLE ALWAYS")
        )
        self.do(f"BEGIN; {off} TRUNCATE {', '.join(APPEND_ONLY + OTHERS)}; {on} COMMIT")

    def run(self, job: Job, tick: datetime, now: datetime, *, catch_up: bool) -> None:
        options = Options(as_of=tick, now=now, run_id=os.urandom(8).hex(), executed_by="model")
        chosen = self.settings.model_copy(update={"quiz_life_catch_up": catch_up})
        run = Run(self.database, self.connection, chosen, job.name, job.tables, job.days, options)
        for step in job.steps:
            if step.table.startswith("quiz."):
                assert run.perform(step).success

    def state(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, sql in STATE.items():
            self.do(sql)
            size = KEY_COLUMNS.get(name, 1)
            rows = self.cursor.fetchall()
            found[name] = {
                row[0] if size == 1 else row[:size]: row[size]
                if len(row) == size + 1
                else row[size:]
                for row in rows
            }
            assert len(found[name]) == len(rows)
        self.do("SELECT event_type, occurred_at, payload FROM operations.domain_events")
        found["events"] = sorted(
            (kind, at, json.dumps(told, sort_keys=True)) for kind, at, told in self.cursor
        )
        return found


@pytest.fixture(scope="module")
def real(servers: dict[int, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """A quiz, emptied for each history."""
    real = Real(create_database(servers[18]), tmp_path_factory.mktemp("home"))
    yield real
    real.close()


# Histories ----------------------------------------------------------------------------------------


@dataclass
class History:
    """What players do, done to both; and when the jobs run."""

    real: Real
    model: Model = field(default_factory=Model)
    now: datetime = START
    catch_up: bool = False

    def player(self, number: int) -> Player:
        """One who is there: comes if need be."""
        name = PLAYERS[number]
        if name not in self.model.players:
            self.model.players[name] = Player()
            self.real.do("INSERT INTO quiz.users (id) VALUES (%s)", name)
            self.real.do("INSERT INTO quiz.lives (user_id) VALUES (%s)", name)
            self.real.do("INSERT INTO quiz.player_progress (user_id) VALUES (%s)", name)
        return self.model.players[name]

    def start(self, number: int, amount: int) -> None:
        player, name = self.player(number), PLAYERS[number]
        if not player.lives or player.is_gone:
            return
        player.lives -= 1
        if amount != 3:  # an app that forgets
            player.next_life = player.next_life or self.now + HALF_HOUR
        self.real.do(
            "UPDATE quiz.lives SET current_lives = %s, next_regen_at = %s WHERE user_id = %s",
            player.lives, player.next_life, name,
        )  # fmt: skip
        key = str(uuid.UUID(int=len(self.model.sessions)))
        expires = None if amount % 2 else self.now + amount * 10 * MINUTE
        self.model.sessions[key] = Session(name, self.now, expires)
        self.real.do(
            "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) "
            "VALUES (%s, %s, %s, %s)",
            key, name, self.now, expires,
        )  # fmt: skip

    def end(self, number: int, status: str) -> str | None:
        """The player's first open session, if there is one; its key."""
        for key, session in self.model.sessions.items():
            if session.player == PLAYERS[number] and session.status == "active":
                session.status, session.ended = status, self.now
                self.real.do(
                    "UPDATE quiz.quiz_sessions SET status = %s, completed_at = %s WHERE id = %s",
                    status, self.now, key,
                )  # fmt: skip
                return key
        return None

    def gain(self, number: int, amount: int, key: str | None) -> None:
        name = PLAYERS[number]
        player = self.model.players[name]
        player.xp += amount
        if amount > 0:
            player.last_xp = self.now
        self.model.gains.append((name, amount, self.now))
        self.real.do(
            "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source, session_id) "
            "VALUES (%s, %s, %s, 'quiz', %s)",
            name, amount, self.now, key,
        )  # fmt: skip
        self.save(number)

    def save(self, number: int) -> None:
        player = self.model.players[PLAYERS[number]]
        self.real.do(
            "UPDATE quiz.player_progress SET xp = %s, last_xp_at = %s, current_streak = %s, "
            "longest_streak = %s, protections_remaining = %s, last_quiz_at = %s WHERE user_id = %s",
            player.xp, player.last_xp, player.streak, player.longest, player.protections,
            player.last_quiz, PLAYERS[number],
        )  # fmt: skip

    def finish(self, number: int, amount: int) -> None:
        player = self.player(number)
        if key := self.end(number, "completed"):
            player.streak += 1
            player.longest = max(player.longest, player.streak)
            player.last_quiz = self.now
            self.gain(number, amount * 5, key)

    def play(self, number: int, amount: int) -> None:
        self.start(number, amount)
        self.finish(number, amount)

    def leave(self, number: int, _amount: int) -> None:
        self.end(number, "abandoned")

    def correct(self, number: int, amount: int) -> None:
        self.player(number)
        self.gain(number, amount * 5 - 15, None)

    def buy(self, number: int, amount: int) -> None:
        player = self.player(number)
        player.protections = min(2, player.protections + 1)
        player.lives += amount % 3
        self.real.do(
            "UPDATE quiz.lives SET current_lives = %s WHERE user_id = %s",
            player.lives, PLAYERS[number],
        )  # fmt: skip
        self.save(number)

    def delete(self, number: int, amount: int) -> None:
        if amount == 0:
            self.player(number).is_gone = True
            self.real.do(
                "UPDATE quiz.users SET deleted_at = %s WHERE id = %s", self.now, PLAYERS[number]
            )

    def wait(self, number: int, amount: int) -> None:
        """Minutes, hours, days; or until the next midnight, sharp."""
        if amount == 0:
            self.now = midnight(self.now.date() + DAY)
        else:
            self.now += amount * (MINUTE, 7 * MINUTE, 5 * HOUR, 16 * HOUR)[number]

    def tick(self, number: int, amount: int, name: str, every: timedelta, job: Job) -> None:
        """The last tick that is due, or, when the schedule is late, one before it."""
        slot = self.now - (self.now - datetime.min.replace(tzinfo=UTC)) % every
        self.do_tick(name, job, slot - every * (0, 0, number, number)[amount % 4])

    def do_tick(self, name: str, job: Job, tick: datetime) -> None:
        options = {"catch_up": self.catch_up} if name == "give_lives" else {}
        getattr(self.model, name)(tick, **options)
        self.real.run(job, tick, self.now, catch_up=self.catch_up)
        real, model = self.real.state(), self.model.state()
        for part in model:
            assert real[part] == model[part], f"{part} after {name} of {tick}"

    def give_lives(self, number: int, amount: int) -> None:
        self.tick(number, amount, "give_lives", HALF_HOUR, LIFE_REGENERATION)

    def judge(self, number: int, amount: int) -> None:
        self.tick(number, amount, "judge", DAY, QUIZ_STREAK_UPDATE)

    def expire(self, number: int, amount: int) -> None:
        self.tick(number, amount, "expire", HOUR, SESSION_CLEANUP)

    def rank(self, number: int, amount: int) -> None:
        self.tick(number, amount, "rank", HOUR, LEADERBOARD_RECALCULATION)

    def close(self, number: int, amount: int) -> None:
        job = LEADERBOARD_WEEKLY_RESET if amount % 2 else LEADERBOARD_MONTHLY_RESET
        self.tick(number, amount, "close", DAY, job)

    def switch(self, _number: int, _amount: int) -> None:
        self.catch_up = not self.catch_up


ACTIONS = (
    [History.play] * 4
    + [History.start] * 3
    + [History.finish, History.leave, History.correct, History.buy, History.delete, History.switch]
    + [History.wait] * 5
    + [History.give_lives] * 2
    + [History.judge] * 2
    + [History.expire, History.rank, History.rank, History.close]
)
STEPS = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3), st.integers(0, 6))


@pytest.mark.undisturbed("keeps one connection for all histories")
@given(steps=st.lists(STEPS, min_size=25, max_size=70))
@settings(
    max_examples=EXAMPLES,
    phases=set(Phase) - SKIPPED,
    suppress_health_check=list(HealthCheck),
)
def test_any_history_ends_as_the_model_says(real: Real, steps: list[tuple]) -> None:
    real.empty()
    history = History(real)
    for number in range(3):
        history.player(number)
    for action, number, amount in steps:
        action(history, number, amount)
    for tick in (history.give_lives, history.judge, history.expire, history.rank, history.close):
        tick(0, 0)
