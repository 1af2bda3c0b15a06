"""A quiz and its players, and what the rules of the quiz make of them, in plain loops.

Written from the specification and docs/: nothing of the product is called. What players did and what
jobs did is put in the order of commits, and each job's part must be what the rules make of that moment.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any

from trc_pipelines_tests.simulation.community import commit_of, ended_periods
from trc_pipelines_tests.simulation.house import (
    DAY,
    HOUR,
    MINUTE,
    House,
    last_tick,
    midnight,
    require,
    require_same,
)
from trc_pipelines_tests.simulation.sessions import AppSession

PLAYERS = [f"p{number}" for number in range(6)]
MOST_LIVES = 5
CYCLE = 30 * MINUTE
PAUSE = 48 * HOUR
MOST_UNCERTAIN = 6


@dataclass
class Player:
    """Where a player stands, after everything up to some turn.

    Attributes:
        is_next_known: whether it is certain when the next life is due.
    """

    lives: int = MOST_LIVES
    next_life: datetime | None = None
    is_next_known: bool = True
    xp: int = 0
    streak: int = 0
    protections: int = 0
    last_quiz: datetime | None = None
    last_xp: datetime | None = None


@dataclass
class Session:
    """A quiz that somebody plays: until when it may be finished, and how it ended, as the player saw it."""

    player: str
    deadline: datetime
    ended: str | None = None


@dataclass(order=True)
class Event:
    """Something that was committed: at which turn, what, of whom."""

    turn: int
    kind: str = field(compare=False)
    player: str = field(compare=False, default="")
    what: dict[str, Any] = field(compare=False, default_factory=dict)


def make(house: House) -> "Quiz":
    return Quiz(house)


class Quiz:
    """See `Domain`."""

    name = "quiz"

    def __init__(self, house: House) -> None:
        self.house = house
        self.players = {name: Player() for name in PLAYERS}
        self.sessions: dict[str, Session] = {}
        self.waiting: list[Event] = []
        self.gains: list[tuple[int, str, int, datetime]] = []
        self.touched: dict[str, list[int]] = defaultdict(list)
        self.given: set[tuple[datetime, str]] = set()
        self.judged: set[date] = set()
        self.closed: set[tuple[str, date]] = set()
        self.seen: set[str] = set()
        self.gone: dict[str, int] = {}

    # The app

    def open_doors(self, session: AppSession, at: datetime) -> None:
        for name in PLAYERS:
            with session.transaction():
                session.do("INSERT INTO quiz.users (id, created_at) VALUES (%s, %s)", name, at)
                session.do("INSERT INTO quiz.lives (user_id) VALUES (%s)", name)
                session.do("INSERT INTO quiz.player_progress (user_id) VALUES (%s)", name)

    def act(self, session: AppSession, dice: random.Random, at: datetime) -> None:
        acts = {
            self.play: 6, self.begin: 3, self.end: 3,
            self.buy: 1, self.protect: 1, self.correct: 1, self.leave: 1,
        }  # fmt: skip
        # Who has played comes again, others pause for days.
        weights = [8, 5, 3, 2, 1, 1]
        player = dice.choices(PLAYERS, weights)[0]
        paused = [n for n, p in self.players.items() if p.streak and at - p.last_quiz > PAUSE]
        if paused and at.hour in (23, 0) and dice.random() < 0.6:  # just in time, or just too late
            player = dice.choice(paused)
        self.house.draw(acts, dice)(session, dice, player, at)

    def _note(self, session: AppSession, kind: str, player: str, **what: object) -> None:
        self.waiting.append(Event(session.committed_at, kind, player, what))
        self.touched[player].append(session.committed_at)

    def play(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        self.begin(session, dice, player, at)
        self.end(session, dice, player, at)

    def begin(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        """A quiz costs a life; an app that forgets sets no deadline for the next."""
        forgets = dice.random() < 0.15
        key = f"s{len(self.sessions)}"
        expires = None if dice.random() < 0.3 else at + dice.choice([5, 10, 40]) * MINUTE
        deadline = expires or at + 10 * MINUTE
        self.sessions[key] = Session(player, deadline, "not begun")
        with session.transaction():
            spent = session.do(
                "UPDATE quiz.lives SET current_lives = current_lives - 1, updated_at = %s, next_regen_at = "
                "CASE WHEN %s THEN next_regen_at ELSE coalesce(next_regen_at, %s) END "
                "WHERE user_id = %s AND current_lives > 0 RETURNING current_lives",
                at, forgets, at + CYCLE, player,
            )  # fmt: skip
            if spent:
                session.do(
                    "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) VALUES (%s, %s, %s, %s)",
                    key, player, at, expires,
                )  # fmt: skip
        if spent:
            self.sessions[key].ended = None
            self._note(
                session, "spend", player, left=spent[0][0], due=None if forgets else at + CYCLE
            )

    def end(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        """The last answer of a quiz, or its player leaves it."""
        own = [k for k, s in self.sessions.items() if s.player == player and s.ended is None]
        if not own:
            return
        key, status = own[0], dice.choice(["completed", "completed", "completed", "abandoned"])
        score = dice.choice([10, 10, 20, 35])
        with session.transaction():
            ended = session.do(
                "UPDATE quiz.quiz_sessions SET status = %s, completed_at = %s, score = %s "
                "WHERE id = %s AND status = 'active' RETURNING id",
                status, at, score, key,
            )  # fmt: skip
            streak = None
            if ended and status == "completed":
                session.do(
                    "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source, session_id) "
                    "VALUES (%s, %s, %s, 'quiz', %s)",
                    player, score, at, key,
                )  # fmt: skip
                [(streak,)] = session.do(
                    "UPDATE quiz.player_progress SET xp = xp + %s, last_xp_at = %s, last_quiz_at = %s, "
                    "current_streak = current_streak + 1, longest_streak = greatest(longest_streak, "
                    "current_streak + 1) WHERE user_id = %s RETURNING current_streak",
                    score, at, at, player,
                )  # fmt: skip
        if ended:
            self.sessions[key].ended = status
        if streak is not None:
            self._note(session, "finish", player, score=score, at=at, streak=streak)
            self.gains.append((session.committed_at, player, score, at))

    def buy(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        number = dice.choice([1, 2])
        with session.transaction():
            session.do(
                "UPDATE quiz.lives SET current_lives = current_lives + %s WHERE user_id = %s",
                number, player,
            )  # fmt: skip
        self._note(session, "buy", player, number=number)

    def protect(
        self, session: AppSession, _dice: random.Random, player: str, _at: datetime
    ) -> None:
        with session.transaction():
            session.do(
                "UPDATE quiz.player_progress SET protections_remaining = least(2, protections_remaining + 1) "
                "WHERE user_id = %s",
                player,
            )
        self._note(session, "protect", player)

    def correct(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        """XP is taken or given by hand, now or for yesterday."""
        amount, earned_at = dice.choice([-15, 15]), at - dice.choice([0, 1]) * DAY
        with session.transaction():
            session.do(
                "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) VALUES (%s, %s, %s, 'hand')",
                player, amount, earned_at,
            )  # fmt: skip
            session.do(
                "UPDATE quiz.player_progress SET xp = xp + %s WHERE user_id = %s", amount, player
            )
        self._note(session, "correct", player, amount=amount)
        self.gains.append((session.committed_at, player, amount, earned_at))

    def leave(self, session: AppSession, dice: random.Random, player: str, at: datetime) -> None:
        """Rarely somebody leaves the quiz, and is on no board from then on."""
        if player in self.gone or dice.random() < 0.9:
            return
        with session.transaction():
            session.do("UPDATE quiz.users SET deleted_at = %s WHERE id = %s", at, player)
        self.gone.setdefault(player, session.committed_at)

    def operate(self, dice: random.Random, at: datetime, *, is_calm: bool) -> None:
        """Nothing waits for a person."""

    # What must hold whenever nothing is open

    def audit(self) -> None:
        events = sorted([*self.waiting, *self._read_runs()])
        self.waiting = []
        for event in events:
            getattr(self, f"_{event.kind}")(event)
        self._compare_players()
        self._look_at_sessions()
        self._look_at_events()
        self._look_at_closings()

    def _read_runs(self) -> list[Event]:
        """What runs committed since: lives given back, days judged."""
        events = []
        for run_id, task in self.house.runs.items():
            if run_id in self.seen or not run_id.startswith(
                ("life_regeneration", "quiz_streak_update")
            ):
                continue
            self.seen.add(run_id)
            if turn := commit_of(self.house, run_id, ("quiz/select_due_lives",)):
                what = {
                    "rows": {
                        user: rest
                        for user, *rest in self.house.ask(
                            "SELECT user_id, regenerated_at, lives_added, new_total "
                            "FROM quiz.life_regenerations WHERE run_id = %s",
                            run_id,
                        )
                    },
                    "began": task.began,
                    "as_of": self._as_of(run_id),
                }
                events.append(Event(turn, "regenerate", what=what))
            if turn := commit_of(self.house, run_id, ("quiz/insert_evaluated_day",)):
                days = self.house.ask(
                    "SELECT day FROM quiz.evaluated_days WHERE run_id = %s ORDER BY day", run_id
                )
                rows = {
                    (day, user): rest
                    for day, user, *rest in self.house.ask(
                        "SELECT evaluated_on, user_id, outcome, streak_before, protections_left, last_quiz_at "
                        "FROM quiz.streak_evaluations WHERE run_id = %s",
                        run_id,
                    )
                }
                what = {"days": [day for (day,) in days], "rows": rows, "began": task.began}
                events.append(Event(turn, "judge", what=what))
        return events

    def _as_of(self, run_id: str) -> datetime:
        [(as_of,)] = self.house.ask(
            "SELECT as_of FROM operations.job_executions WHERE run_id = %s", run_id
        )
        return as_of

    def _is_touched(self, player: str, began: int, turn: int) -> bool:
        """Whether its player did something while a run went on, which may have seen it or not."""
        return any(began <= at <= turn for at in self.touched[player])

    def _spend(self, event: Event) -> None:
        player = self.players[event.player]
        player.lives -= 1
        require(
            player.lives == event.what["left"],
            f"{event.player} saw {event.what['left']} lives left, {player.lives} should be",
        )
        if player.next_life is None and player.is_next_known:
            player.next_life = event.what["due"]

    def _buy(self, event: Event) -> None:
        self.players[event.player].lives += event.what["number"]

    def _protect(self, event: Event) -> None:
        player = self.players[event.player]
        player.protections = min(2, player.protections + 1)

    def _finish(self, event: Event) -> None:
        player, what = self.players[event.player], event.what
        player.xp += what["score"]
        player.last_quiz = player.last_xp = what["at"]
        player.streak += 1
        require(
            player.streak == what["streak"],
            f"{event.player} saw a streak of {what['streak']}, it should be {player.streak}",
        )

    def _correct(self, event: Event) -> None:
        self.players[event.player].xp += event.what["amount"]

    def _regenerate(self, event: Event) -> None:
        """One life for who is due, or all that are; who has none on the way is given a deadline."""
        rows, as_of, began = (event.what[name] for name in ("rows", "as_of", "began"))
        for name, player in self.players.items():
            is_short = player.lives < MOST_LIVES
            is_due = is_short and player.next_life is not None and player.next_life <= as_of
            if name in rows:
                at, added, total = rows[name]
                owed = 1
                if self.house.settings.quiz_life_catch_up and player.next_life and is_due:
                    owed = min(1 + (as_of - player.next_life) // CYCLE, MOST_LIVES - player.lives)
                require(
                    (at, total) == (as_of, player.lives + added)
                    and (added == owed or not player.is_next_known)
                    and is_short
                    and (is_due or not player.is_next_known)
                    and (at, name) not in self.given,
                    f"{name} was given {added} to have {total} at {at}, with {player.lives} due {player.next_life}",
                )
                self.given.add((at, name))
                player.lives += added
                player.next_life = player.next_life and player.next_life + added * CYCLE
                if player.lives >= MOST_LIVES:
                    player.next_life, player.is_next_known = None, True
            elif self._is_touched(name, began, event.turn):
                player.is_next_known &= player.next_life is not None or not is_short
            elif (as_of, name) not in self.given and player.is_next_known:
                require(
                    not is_due,
                    f"{name} waits for a life since {player.next_life}, not given at {as_of}",
                )
                if is_short and player.next_life is None:
                    player.next_life = as_of + CYCLE

    def _judge(self, event: Event) -> None:
        """A pause of more than 48 hours costs a protection, or the streak; once a day."""
        rows, began = event.what["rows"], event.what["began"]
        for day in event.what["days"]:
            require(day not in self.judged, f"{day} was judged twice")
            self.judged.add(day)
            for name, player in self.players.items():
                is_due = bool(
                    player.streak and player.last_quiz and midnight(day) - player.last_quiz > PAUSE
                )
                found = rows.get((day, name))
                if found is None:
                    require(
                        not is_due or self._is_touched(name, began, event.turn),
                        f"{name} paused since {player.last_quiz} and was not judged on {day}",
                    )
                    continue
                outcome = "protected" if player.protections else "broken"
                left = max(0, player.protections - 1)
                require(
                    is_due and tuple(found) == (outcome, player.streak, left, player.last_quiz),
                    f"{name} was judged {found} on {day}, {player} says {outcome}",
                )
                player.protections = left
                if outcome == "broken":
                    player.streak = 0

    def _compare_players(self) -> None:
        rows = {
            name: (lives, due)
            for name, lives, due in self.house.ask(
                "SELECT user_id, current_lives, next_regen_at FROM quiz.lives"
            )
        }
        for name, player in self.players.items():
            if not player.is_next_known:
                player.next_life, player.is_next_known = rows[name][1], True
        require_same("lives", rows, {n: (p.lives, p.next_life) for n, p in self.players.items()})
        progress = {
            name: tuple(rest)
            for name, *rest in self.house.ask(
                "SELECT user_id, xp, current_streak, protections_remaining, last_quiz_at FROM quiz.player_progress"
            )
        }
        require_same(
            "progress", progress,
            {n: (p.xp, p.streak, p.protections, p.last_quiz) for n, p in self.players.items()},
        )  # fmt: skip

    def _look_at_sessions(self) -> None:
        """What a player saw end has ended so; what expired was due."""
        rows = self.house.ask("SELECT id, status, completed_at FROM quiz.quiz_sessions")
        for key, status, completed_at in rows:
            session = self.sessions[key]
            if status == "expired" and session.ended is None:
                require(
                    session.deadline <= completed_at,
                    f"{key} expired at {completed_at}, and may be finished until {session.deadline}",
                )
                session.ended = "expired"
            require(
                status == (session.ended or "active"),
                f"{key} is {status}, and ended {session.ended}",
            )

    def _look_at_events(self) -> None:
        told = defaultdict(set)
        for kind, key in self.house.ask(
            "SELECT event_type, split_part(dedupe_key, event_type || ':', 2) FROM operations.domain_events"
        ):
            told[kind].add(key)
        expired = {key for key, session in self.sessions.items() if session.ended == "expired"}
        require(
            told["QuizAbandoned"] == expired, f"{told['QuizAbandoned'] ^ expired} expired or not"
        )
        kept = self.house.ask("SELECT regenerated_at, user_id FROM quiz.life_regenerations")
        require(set(kept) == self.given, f"lives given are not kept: {self.given ^ set(kept)}")
        given = {f"{name}:{at.isoformat()}" for at, name in self.given}
        require(told["LifeRegenerated"] == given, f"lives {told['LifeRegenerated'] ^ given}")
        outcomes = {"protected": "StreakProtectionUsed", "broken": "StreakBroken"}
        for outcome, kind in outcomes.items():
            rows = self.house.ask(
                "SELECT user_id || ':' || evaluated_on FROM quiz.streak_evaluations WHERE outcome = %s",
                outcome,
            )
            require(told[kind] == {key for (key,) in rows}, f"{kind} is told of others")

    def _look_at_closings(self) -> None:
        """A period is closed once, with the XP that was recorded by then."""
        rows = self.house.ask(
            "SELECT board, period_start, period_end, run_id FROM leaderboards.closed_periods WHERE domain = 'quiz'"
        )
        for board, start, end, run_id in rows:
            if (board, start) in self.closed:
                continue
            self.closed.add((board, start))
            turn = commit_of(self.house, run_id, ("leaderboards/insert_closed_period",))
            began = self.house.runs[run_id].began
            within = [
                g for g in self.gains if midnight(start) <= g[3] < midnight(end) and g[0] < turn
            ]
            certain = [g for g in within if g[0] < began]
            uncertain = [g for g in within if g[0] >= began][:MOST_UNCERTAIN]
            found = [
                tuple(row)
                for row in self.house.ask(
                    "SELECT rank, member_id, score, reached_at FROM leaderboards.archived_rankings "
                    "WHERE domain = 'quiz' AND board = %s AND period_start = %s ORDER BY rank",
                    board, start,
                )
            ]  # fmt: skip
            possible = [
                ranked([gain for gain in certain + list(some) if gain[1] not in gone])
                for number in range(len(uncertain) + 1)
                for some in combinations(uncertain, number)
                for gone in (
                    {name for name, left in self.gone.items() if left < began},
                    {name for name, left in self.gone.items() if left < turn},
                )
            ]
            require(found in possible, f"archive of {board} {start}: {found}, expected {possible}")

    # What must hold once everything that is due is done

    def audit_calm(self, at: datetime) -> None:
        tick = last_tick(self.house.jobs["session_cleanup"], at - DAY, at)
        for key, session in self.sessions.items():
            require(
                session.ended is not None or session.deadline > tick,
                f"{key} was to end by {session.deadline} and is open",
            )
        missing = {
            min(self.judged) + n * DAY for n in range((at.date() - min(self.judged)).days + 1)
        } - self.judged
        require(not missing, f"{missing} were never judged")
        for board, start, _ in ended_periods(
            min((g[3].date() for g in self.gains), default=at.date()), at
        ):
            require(
                (board, start) in self.closed, f"the {board} period of {start} was never closed"
            )
        self._compare_boards(at)

    def _compare_boards(self, at: datetime) -> None:
        tick = last_tick(self.house.jobs["leaderboard_recalculation"], at - DAY, at)
        day = tick.date()
        starts = {"weekly": day - day.weekday() * DAY, "monthly": day.replace(day=1)}
        expected = {
            board: ranked(
                [g for g in self.gains if midnight(start) <= g[3] <= tick and g[1] not in self.gone]
            )
            for board, start in starts.items()
        }
        players = {n: p for n, p in self.players.items() if p.xp > 0 and n not in self.gone}
        order = sorted(
            players,
            key=lambda name: (
                -players[name].xp,
                -(players[name].last_xp or _NEVER).timestamp(),
                name,
            ),
        )
        expected["global"] = [
            (rank, name, players[name].xp, players[name].last_xp)
            for rank, name in enumerate(order, start=1)
        ]
        for board, rows in expected.items():
            found = self.house.ask(
                "SELECT rank, user_id, score, reached_at FROM quiz.leaderboard_rankings "
                "WHERE board = %s AND rank IS NOT NULL ORDER BY rank",
                board,
            )
            require(
                [tuple(row) for row in found] == rows,
                f"the {board} board at {tick}: {found}, expected {rows}",
            )


_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def ranked(gains: list[tuple]) -> list[tuple]:
    """Rank, player, XP, when it was last earned: XP, then who earned last, then the id."""
    score: dict[str, int] = defaultdict(int)
    reached: dict[str, datetime] = {}
    for _, player, amount, at in gains:
        score[player] += amount
        if amount > 0:
            reached[player] = max(reached.get(player, at), at)
    order = sorted(
        (player for player in score if score[player] > 0),
        key=lambda player: (-score[player], -reached.get(player, _NEVER).timestamp(), player),
    )
    return [
        (rank, player, score[player], reached.get(player))
        for rank, player in enumerate(order, start=1)
    ]
