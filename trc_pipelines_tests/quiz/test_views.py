"""Views of the quiz against a second computation in plain Python."""

import math
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from trc_pipelines.quiz.jobs import QUIZ_TOTALS
from trc_pipelines_tests.quiz.conftest import DAY, HOUR, MINUTE, Quiz, player
from trc_pipelines_tests.views.compare import assert_same, rows_of

START = datetime(2026, 2, 27, tzinfo=UTC)
VIEWS = ["daily_activity", "life_waits", "session_outcomes", "streak_outcomes", "xp_distribution"]
STATUSES = ["active", "completed", "expired", "abandoned"]


def read(quiz: Quiz, what: str) -> list[dict]:
    return rows_of(quiz.database.url, f"SELECT * FROM quiz.{what}")


def day_of(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def model(quiz: Quiz, until: date | None = None) -> dict[str, list[dict]]:
    sessions, events = read(quiz, "quiz_sessions"), read(quiz, "xp_events")
    hours = defaultdict(Counter)
    for row in sessions:
        begun = row["started_at"]
        hours[day_of(begun), begun.hour][row["status"]] += 1
    outcomes = []
    for (day, hour), counts in hours.items():
        completed, left = counts["completed"], counts["abandoned"] + counts["expired"]
        rate = completed / (completed + left) if completed + left else None
        outcomes.append(
            {"day": day, "hour": hour, "category": None, "sessions": counts.total()}
            | {"completed": completed, "abandoned": left, "completion_rate": rate}
        )
    return {
        "session_outcomes": outcomes,
        "daily_activity": count_activity(sessions, events, until),
        "life_waits": count_waits(read(quiz, "life_regenerations")),
        "streak_outcomes": [
            {"day": row["day"], "kept": row["kept_count"]}
            | {"protected": row["protected_count"], "broken": row["broken_count"]}
            for row in read(quiz, "evaluated_days")
        ],
        "xp_distribution": count_xp(read(quiz, "player_progress"), read(quiz, "users")),
    }


def count_activity(
    sessions: list[dict], events: list[dict], until: date | None = None
) -> list[dict]:
    active, xp = defaultdict(set), Counter()
    for row in sessions:
        active[day_of(row["started_at"])].add(row["user_id"])
    for row in events:
        active[day_of(row["earned_at"])].add(row["user_id"])
        xp[day_of(row["earned_at"])] += row["amount"]
    made, day = [], min(active, default=None)
    while day and day <= (until or max(active)):
        one, week, month = (
            len(set().union(*(active.get(day - i * DAY, set()) for i in range(n))))
            for n in (1, 7, 30)
        )
        made.append(
            {"day": day, "active_players": one, "weekly_active_players": week}
            | {"monthly_active_players": month, "stickiness": one / month if month else None}
            | {"xp": xp[day]}
        )
        day += DAY
    return made


def count_waits(given: list[dict]) -> list[dict]:
    by_day = defaultdict(list)
    for row in given:
        by_day[day_of(row["regenerated_at"])].append(row)
    return [
        {
            "day": day,
            "players": len({row["user_id"] for row in rows}),
            "lives_given": sum(row["lives_added"] for row in rows),
            "median_minutes": float(np.percentile([row["waited_minutes"] for row in rows], 50)),
            "p90_minutes": float(np.percentile([row["waited_minutes"] for row in rows], 90)),
        }
        for day, rows in by_day.items()
    ]


def count_xp(progress: list[dict], users: list[dict]) -> list[dict]:
    there = {row["id"] for row in users if row["deleted_at"] is None}
    steps = [0, *(n * 10**tens for tens in range(10) for n in (1, 2, 5)), math.inf]
    counts = Counter()
    for row in progress:
        if row["user_id"] in there:
            counts[
                next(pair for pair in pairwise(steps) if pair[0] <= max(row["xp"], 0) < pair[1])
            ] += 1
    return [{"xp_from": a, "xp_to": b - 1, "players": n} for (a, b), n in counts.items()]


def assert_all_views(quiz: Quiz, until: date | None = None) -> None:
    for view, expected in model(quiz, until).items():
        assert_same(read(quiz, view), expected)


@pytest.mark.parametrize("view", VIEWS)
def test_of_nobody_there_is_nothing(quiz: Quiz, view: str) -> None:
    assert read(quiz, view) == []


def test_a_session_that_is_open_has_no_rate_yet(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.insert("quiz_sessions", id="s", user=1, started_at=START + 23 * HOUR + 59 * MINUTE)
    [row] = read(quiz, "session_outcomes")
    assert (row["day"], row["hour"], row["completion_rate"]) == (START.date(), 23, None)
    assert_all_views(quiz)


def test_weeks_of_players_who_come_and_go_are_what_a_loop_says(quiz: Quiz) -> None:
    rng = np.random.default_rng(7)
    quiz.join(*range(1, 13))
    rows = {"sessions": [], "events": []}
    for number in range(150):
        user, status = player(int(rng.integers(1, 11))), STATUSES[int(rng.integers(4))]
        moment = START + timedelta(minutes=int(rng.integers(0, 75 * 1440)))
        rows["sessions"].append(f"('s{number}', '{user}', '{status}', '{moment}')")
        if status == "completed" and number % 3:
            rows["events"].append(
                f"('{user}', {int(rng.integers(-3, 90))}, '{moment + DAY}', 'quiz')"
            )
    quiz.execute(
        "INSERT INTO quiz.quiz_sessions (id, user_id, status, started_at) "
        f"VALUES {', '.join(rows['sessions'])};"
        "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) "
        f"VALUES {', '.join(rows['events'])};"
        "INSERT INTO quiz.player_progress (user_id, xp) SELECT u.id, coalesce(sum(e.amount), 0) "
        "FROM quiz.users AS u LEFT JOIN quiz.xp_events AS e ON e.user_id = u.id GROUP BY u.id;"
        f"UPDATE quiz.users SET deleted_at = now() WHERE id = '{player(3)}'"
    )
    assert_all_views(quiz)
    for days in (2, 9, 41, 40, 70):
        counted = quiz.run(QUIZ_TOTALS, START + days * DAY)["quiz.daily_totals"]
        assert counted.affected == len(read(quiz, "daily_totals")) == days - 1
        assert_all_views(quiz)


def test_what_comes_late_is_there_when_the_past_is_counted_again(quiz: Quiz) -> None:
    quiz.join(1, 2)
    quiz.insert("quiz_sessions", id="s", user=1, started_at=START)
    quiz.run(QUIZ_TOTALS, START + 5 * DAY)
    assert_all_views(quiz, until=START.date() + 3 * DAY)
    quiz.insert("quiz_sessions", id="late", user=2, started_at=START - DAY)
    quiz.execute("UPDATE quiz.quiz_sessions SET status = 'completed' WHERE id = 's'")
    assert len(read(quiz, "daily_activity")) == 4
    quiz.run(QUIZ_TOTALS, START + 5 * DAY)
    assert_all_views(quiz, until=START.date() + 3 * DAY)
    assert len(read(quiz, "daily_activity")) == 5


def test_after_a_long_silence_no_day_is_left_out(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.insert("quiz_sessions", id="s", user=1, started_at=START)
    quiz.run(QUIZ_TOTALS, START + 5 * DAY)
    quiz.insert("quiz_sessions", id="t", user=1, started_at=START + 50 * DAY)
    assert_all_views(quiz)


def test_of_a_past_without_anybody_nothing_is_counted(quiz: Quiz) -> None:
    quiz.insert("quiz_sessions", id="s", user=1, started_at=START)
    assert quiz.run(QUIZ_TOTALS, START)["quiz.daily_totals"].affected == 0
    assert_all_views(quiz)


def test_the_wait_for_a_life_begins_when_it_was_lost(quiz: Quiz) -> None:
    quiz.join(1, 2, 3)
    for user, late in ((1, 0), (2, 4), (3, 20)):
        due = START + HOUR - late * MINUTE
        quiz.insert("lives", user=user, current_lives=2, next_regen_at=due)
    quiz.regenerate(START + HOUR)
    [row] = read(quiz, "life_waits")
    assert (row["players"], row["lives_given"], row["median_minutes"]) == (3, 3, 34)
    assert_all_views(quiz)


def test_streaks_are_kept_protected_or_broken(quiz: Quiz) -> None:
    quiz.join(*range(1, 7))
    for user, pause, streak, protections in (
        (1, 10, 4, 0), (2, 47, 2, 0), (3, 49, 3, 1), (4, 49, 5, 0), (5, 500, 0, 0), (6, 1, 1, 2),
    ):  # fmt: skip
        quiz.insert(
            "player_progress", user=user, current_streak=streak,
            protections_remaining=protections, last_quiz_at=START - pause * HOUR,
        )  # fmt: skip
    quiz.judge(START)
    assert read(quiz, "streak_outcomes") == [
        {"day": START.date(), "kept": 3, "protected": 1, "broken": 1}
    ]
    assert_all_views(quiz)
