"""Streaks pause: for 48 hours for nothing, then for a protection a day, then they are over."""

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.quiz.conftest import DAY, HOUR, Quiz, player

MICROSECOND = timedelta(microseconds=1)
MONDAY = datetime.fromisoformat("2026-03-02T10:00Z")
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (
    datetime.fromisoformat(f"2026-03-0{day}T00:00Z") for day in (3, 4, 5, 6, 7)
)
FAR_AWAY = ["infinity", "-infinity"]


def keep(quiz: Quiz, user: int, last, *, streak: int = 7, protections: int = 0, **more) -> None:
    quiz.insert(
        "player_progress",
        user=user,
        current_streak=streak,
        protections_remaining=protections,
        last_quiz_at=last,
        **more,
    )


def evaluations(quiz: Quiz) -> list[tuple]:
    """Day of March, player, outcome, streak before, protections left."""
    rows = quiz.rows(
        "SELECT extract(day FROM evaluated_on)::int, user_id::text, outcome, streak_before, "
        "protections_left FROM quiz.streak_evaluations ORDER BY 1, 2"
    )
    return [(day, int(user[-2:], 16), *rest) for day, user, *rest in rows]


def judged_days(quiz: Quiz) -> list[tuple]:
    """Day of March, protected, broken."""
    return quiz.rows(
        "SELECT extract(day FROM day)::int, protected_count, broken_count "
        "FROM quiz.evaluated_days ORDER BY 1"
    )


@pytest.mark.parametrize(
    ("pause", "protections", "after"),
    [
        (48 * HOUR, 0, (7, 0)),
        (48 * HOUR, 1, (7, 1)),
        (48 * HOUR + MICROSECOND, 0, (0, 0)),
        (48 * HOUR + MICROSECOND, 1, (7, 0)),
        (48 * HOUR + MICROSECOND, 2, (7, 1)),
        (400 * DAY, 2, (7, 1)),
    ],
)
def test_a_pause_of_48_hours_is_free_and_one_microsecond_more_costs_once(
    quiz: Quiz, pause: timedelta, protections: int, after: tuple
) -> None:
    keep(quiz, 1, THURSDAY - pause, protections=protections)
    assert quiz.judge(THURSDAY).affected == (after != (7, protections))
    assert quiz.streak(1) == after


def test_two_protections_last_for_thursday_and_friday_and_no_run_is_too_many(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY, protections=2, longest_streak=9)
    expected = {
        TUESDAY: (7, 2),
        WEDNESDAY: (7, 2),
        THURSDAY: (7, 1),
        FRIDAY: (7, 0),
        SATURDAY: (0, 0),
    }
    for midnight, after in expected.items():
        quiz.judge(midnight)
        assert quiz.streak(1) == after
        for again in (midnight, midnight + 9 * HOUR, midnight - DAY, midnight - 3 * DAY):
            assert quiz.judge(again).affected == 0
        for day in (midnight, midnight - DAY):
            asked = (day.date(), day.date())
            assert "are judged up to" in quiz.judge(midnight, days=asked).message
        assert quiz.streak(1) == after
    assert evaluations(quiz) == [
        (5, 1, "protected", 7, 1),
        (6, 1, "protected", 7, 0),
        (7, 1, "broken", 7, 0),
    ]
    assert judged_days(quiz) == [(3, 0, 0), (4, 0, 0), (5, 1, 0), (6, 1, 0), (7, 0, 1)]
    shown = quiz.judge(SATURDAY, days=(TUESDAY.date(), SATURDAY.date())).by_day
    assert [tuple(figures.values()) for figures in shown.values()] == [
        (0, 0, 0, 0), (0, 0, 0, 0), (1, 0, 1, 0), (1, 0, 1, 0), (0, 1, 1, 0),
    ], "each day its own, although nothing is judged again"  # fmt: skip
    assert quiz.rows("SELECT longest_streak FROM quiz.player_progress") == [(9,)]
    assert quiz.events("StreakProtectionUsed") == [
        {"user_id": player(1), "protections_remaining": left, "current_streak": 7}
        for left in (1, 0)
    ]
    assert quiz.events("StreakBroken") == [
        {
            "user_id": player(1),
            "previous_streak": 7,
            "last_quiz_at": "2026-03-02T10:00:00.000000Z",
        }
    ]


def test_a_new_streak_breaks_and_tells_anew(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY)
    quiz.judge(THURSDAY)
    quiz.execute(
        f"UPDATE quiz.player_progress SET current_streak = 1, last_quiz_at = '{THURSDAY + HOUR}'"
    )
    quiz.judge(THURSDAY + 3 * DAY)
    told = [(event["previous_streak"]) for event in quiz.events("StreakBroken")]
    assert told == [7, 1]


@pytest.mark.parametrize("ticks", [[THURSDAY, FRIDAY, SATURDAY], [SATURDAY], [SATURDAY + HOUR]])
def test_missed_days_run_in_order_and_give_what_runs_on_time_give(quiz: Quiz, ticks: list) -> None:
    quiz.judge(WEDNESDAY)
    keep(quiz, 1, MONDAY, protections=2)
    keep(quiz, 2, MONDAY, protections=1)
    keep(quiz, 3, MONDAY)
    keep(quiz, 4, WEDNESDAY + HOUR, protections=1)
    keep(quiz, 5, THURSDAY + HOUR)
    for tick in ticks:
        quiz.judge(tick)
    assert evaluations(quiz) == [
        (5, 1, "protected", 7, 1),
        (5, 2, "protected", 7, 0),
        (5, 3, "broken", 7, 0),
        (6, 1, "protected", 7, 0),
        (6, 2, "broken", 7, 0),
        (7, 1, "broken", 7, 0),
        (7, 4, "protected", 7, 0),
    ]
    assert judged_days(quiz) == [(4, 0, 0), (5, 2, 1), (6, 1, 1), (7, 1, 1)]
    assert [quiz.streak(user) for user in range(1, 6)] == [(0, 0)] * 3 + [(7, 0)] * 2


def test_who_played_before_a_late_run_keeps_the_streak(quiz: Quiz) -> None:
    quiz.judge(WEDNESDAY)
    keep(quiz, 1, FRIDAY + HOUR)
    assert quiz.judge(SATURDAY).details["days"] == 3
    assert quiz.streak(1) == (7, 0)


def test_a_streak_without_a_last_quiz_is_left_alone_and_counted_and_found(quiz: Quiz) -> None:
    for user, last in enumerate([None, *FAR_AWAY, MONDAY], start=1):
        keep(quiz, user, last, protections=1)
    keep(quiz, 5, None, streak=0)
    result = quiz.judge(THURSDAY)
    assert (result.affected, result.details["streaks_without_a_last_quiz"]) == (1, 3)
    assert "3 streaks without a last quiz" in result.message
    assert [quiz.streak(user) for user in range(1, 5)] == [(7, 1)] * 3 + [(7, 0)]
    found = quiz.violations("every_streak_has_a_last_quiz")
    assert found["user_id"].tolist() == [player(1), player(2), player(3)]


def test_a_limit_takes_the_oldest_pause_first_and_the_next_run_goes_on_with_the_day(
    quiz: Quiz,
) -> None:
    for user in range(1, 6):
        keep(quiz, user, MONDAY - user * HOUR, protections=2)
    done = [quiz.judge(THURSDAY, limit=2).affected]
    assert [quiz.streak(user) for user in range(1, 6)] == [(7, 2)] * 3 + [(7, 1)] * 2
    assert judged_days(quiz) == []
    done += [quiz.judge(THURSDAY, limit=2).affected, quiz.judge(THURSDAY).affected]
    assert done == [2, 2, 1]
    assert judged_days(quiz) == [(5, 5, 0)]
    assert quiz.judge(THURSDAY, limit=2).affected == 0
    assert {quiz.streak(user) for user in range(1, 6)} == {(7, 1)}
    assert len(quiz.events("StreakProtectionUsed")) == 5


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_days_worked_off_in_pieces_end_like_one_run(quiz: Quiz, limit: int) -> None:
    quiz.judge(WEDNESDAY)
    for user in (1, 2, 3):
        keep(quiz, user, MONDAY - user * HOUR, protections=user - 1)
    for _ in range(14):
        assert quiz.judge(SATURDAY, limit=limit).affected <= limit
    assert judged_days(quiz) == [(4, 0, 0), (5, 2, 1), (6, 1, 1), (7, 0, 1)]
    assert [row[:3] for row in evaluations(quiz)] == [
        (5, 1, "broken"),
        (5, 2, "protected"),
        (5, 3, "protected"),
        (6, 2, "broken"),
        (6, 3, "protected"),
        (7, 3, "broken"),
    ]


@pytest.mark.parametrize("limit", [None, 7])
def test_batches_reach_everybody_once(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", 3)
    for user in range(1, 11):
        keep(quiz, user, MONDAY - user * HOUR, protections=user % 3)
    assert quiz.judge(THURSDAY, limit=limit).affected == (limit or 10)
    judged = [user for _, user, *_ in evaluations(quiz)]
    assert judged == list(range(1, 11))[-(limit or 10) :]


def test_a_day_cannot_be_judged_before_the_one_that_is_missing(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY)
    quiz.judge(WEDNESDAY)
    with pytest.raises(JobError, match="of 2026-03-06 cannot be judged before those of 2026-03-05"):
        quiz.judge(SATURDAY, days=(date(2026, 3, 6), date(2026, 3, 7)))
    assert quiz.streak(1) == (7, 0)
    quiz.judge(SATURDAY, days=(date(2026, 3, 5), date(2026, 3, 6)))
    assert judged_days(quiz) == [(4, 0, 0), (5, 0, 1), (6, 0, 0)]


def test_a_rehearsal_leaves_nothing(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY, protections=1)
    keep(quiz, 2, MONDAY)
    assert quiz.judge(THURSDAY, dry_run=True).affected == 2
    assert [quiz.streak(1), quiz.streak(2)] == [(7, 1), (7, 0)]
    assert evaluations(quiz) == judged_days(quiz) == []
    assert quiz.rows("SELECT * FROM operations.domain_events") == []


@pytest.mark.parametrize(("written", "after"), [(MONDAY, THURSDAY), (SATURDAY, SATURDAY)])
def test_the_time_of_the_last_change_only_moves_forward(quiz: Quiz, written, after) -> None:
    keep(quiz, 1, MONDAY, updated_at=written)
    quiz.judge(THURSDAY)
    assert quiz.rows("SELECT updated_at FROM quiz.player_progress") == [(after,)]


@pytest.mark.parametrize("table", ["evaluated_days", "streak_evaluations"])
@pytest.mark.parametrize(
    "change", ["UPDATE quiz.{} SET run_id = 'x'", "DELETE FROM quiz.{}", "TRUNCATE quiz.{}"]
)
def test_what_was_judged_stays_as_it_was_written(quiz: Quiz, table: str, change: str) -> None:
    keep(quiz, 1, MONDAY)
    quiz.judge(THURSDAY)
    with pytest.raises(sa.exc.DBAPIError, match="is refused"):
        quiz.execute(change.format(table))


PLAYS = "UPDATE quiz.player_progress SET {} WHERE user_id = '{}'"


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize(
    ("change", "after"),
    [
        (f"last_quiz_at = '{THURSDAY}', current_streak = 8", (8, 1)),
        (f"last_quiz_at = '{THURSDAY}'", (7, 1)),
        ("current_streak = 0", (0, 1)),
    ],
)
def test_who_plays_while_the_job_runs_keeps_what_they_have(
    quiz: Quiz, change: str, after: tuple
) -> None:
    keep(quiz, 1, MONDAY, protections=1)
    keep(quiz, 2, MONDAY)
    quiz.race(PLAYS.format(change, player(1)), quiz.judge, THURSDAY)
    assert (quiz.streak(1), quiz.streak(2)) == (after, (0, 0))
    assert evaluations(quiz) == [(5, 2, "broken", 7, 0)]
    assert judged_days(quiz) == [(5, 0, 1)]


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
def test_a_protection_bought_while_the_job_runs_is_not_lost(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY)
    keep(quiz, 2, MONDAY)
    quiz.race(PLAYS.format("protections_remaining = 2", player(1)), quiz.judge, THURSDAY)
    assert evaluations(quiz) == [(5, 1, "protected", 7, 1), (5, 2, "broken", 7, 0)]
    assert (quiz.streak(1), quiz.streak(2)) == ((7, 1), (0, 0))


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
def test_an_app_that_rolls_back_saves_nobody(quiz: Quiz) -> None:
    keep(quiz, 1, MONDAY)
    statement = PLAYS.format(f"last_quiz_at = '{THURSDAY}'", player(1))
    quiz.race(statement, quiz.judge, THURSDAY, commit=False)
    assert quiz.streak(1) == (0, 0)


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize(("limit", "batch"), [(2, 3), (1, 3), (None, 1), (None, 2)])
def test_who_plays_while_the_job_runs_hides_nobody_else(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch, limit: int | None, batch: int
) -> None:
    """Neither within a limit nor within a batch: the day is done when all of it is."""
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", batch)
    for user in (1, 2, 3):
        keep(quiz, user, MONDAY - (9 - user) * HOUR)
    statement = PLAYS.format(f"last_quiz_at = '{THURSDAY}'", player(1))
    quiz.race(statement, lambda: quiz.judge(THURSDAY, limit=limit))
    quiz.judge(THURSDAY)
    assert [quiz.streak(user) for user in (1, 2, 3)] == [(7, 0), (0, 0), (0, 0)]
    assert judged_days(quiz) == [(5, 0, 2)]
