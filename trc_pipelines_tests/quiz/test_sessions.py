"""Sessions run out: at their deadline, once, and never against a last answer in time."""

import threading
import time
from datetime import timedelta

import pytest

from trc_pipelines_tests.quiz.conftest import DAY, HOUR, MINUTE, Quiz, player
from trc_pipelines_tests.world import NOON

MICROSECOND = timedelta(microseconds=1)
ANSWER = (
    "UPDATE quiz.quiz_sessions SET status = 'completed', completed_at = now() "
    "WHERE id = '{}' AND status = 'active'"
)


def session(number: int) -> str:
    return f"{number:08x}-0000-0000-0000-000000000000"


def begin(quiz: Quiz, number: int, expires=None, *, started=NOON - HOUR, **more) -> None:
    values = {"user": number, "started_at": started, "expires_at": expires} | more
    quiz.insert("quiz_sessions", id=session(number), **values)


def states(quiz: Quiz) -> list[str]:
    return [status for (status,) in quiz.rows("SELECT status FROM quiz.quiz_sessions ORDER BY id")]


@pytest.mark.parametrize(
    ("started", "expires", "status"),
    [
        (NOON - MINUTE, NOON, "expired"),
        (NOON - MINUTE, NOON - DAY, "expired"),
        (NOON - DAY, NOON + MICROSECOND, "active"),
        (NOON - 10 * MINUTE, None, "expired"),
        (NOON - 10 * MINUTE + MICROSECOND, None, "active"),
        (NOON - DAY, "infinity", "active"),
        (NOON - DAY, "-infinity", "expired"),
        ("-infinity", None, "expired"),
        ("infinity", None, "active"),
    ],
)
def test_a_session_expires_at_its_deadline_or_ten_minutes_after_it_began(
    quiz: Quiz, started, expires, status: str
) -> None:
    begin(quiz, 1, expires, started=started)
    quiz.insert("lives", user=1, current_lives=3, next_regen_at=NOON + HOUR)
    assert quiz.clean(NOON).affected == (status == "expired")
    (row,) = quiz.rows("SELECT status, completed_at = '2026-03-04 12:00Z' FROM quiz.quiz_sessions")
    assert row == (status, True if status == "expired" else None)
    assert quiz.lives(1) == (3, NOON + HOUR)


@pytest.mark.parametrize("status", ["completed", "abandoned", "expired"])
@pytest.mark.parametrize("expires", [NOON - HOUR, None])
def test_a_session_that_has_ended_is_left_alone(quiz: Quiz, status: str, expires) -> None:
    begin(quiz, 1, expires, status=status, completed_at=NOON - HOUR, score=7)
    assert quiz.clean(NOON).affected == 0
    assert quiz.rows("SELECT status, completed_at, score FROM quiz.quiz_sessions") == [
        (status, NOON - HOUR, 7)
    ]
    assert quiz.events("QuizAbandoned") == []


def test_everybody_is_told_once_however_often_it_runs(quiz: Quiz) -> None:
    begin(quiz, 1, NOON)
    for tick in (NOON, NOON, NOON + HOUR, NOON - HOUR):
        quiz.clean(tick)
    assert quiz.events("QuizAbandoned") == [
        {
            "session_id": session(1),
            "user_id": player(1),
            "reason": "expired",
            "expired_at": "2026-03-04T12:00:00.000000Z",
        }
    ]
    assert quiz.rows("SELECT completed_at FROM quiz.quiz_sessions") == [(NOON,)]


def test_a_player_is_told_of_each_session(quiz: Quiz) -> None:
    begin(quiz, 1, NOON)
    begin(quiz, 2, NOON, user=1)
    quiz.clean(NOON)
    told = {(event["session_id"], event["user_id"]) for event in quiz.events("QuizAbandoned")}
    assert told == {(session(1), player(1)), (session(2), player(1))}


def test_a_missed_hour_is_made_up_by_the_next(quiz: Quiz) -> None:
    begin(quiz, 1, NOON - 5 * HOUR)
    begin(quiz, 2, NOON)
    assert quiz.clean(NOON).message == "2 sessions expired"


def test_a_limit_takes_the_oldest_deadline_first(quiz: Quiz) -> None:
    begin(quiz, 1, NOON - MINUTE, started=NOON - DAY)
    begin(quiz, 2, started=NOON - 13 * MINUTE)  # due three minutes ago
    begin(quiz, 3, NOON - 2 * MINUTE, started=NOON - DAY)
    begin(quiz, 4, NOON - 4 * MINUTE, started=NOON - 5 * MINUTE)
    expected = {1: "aaae", 2: "aeae", 3: "aeee", 4: "eeee"}
    for run in range(1, 5):
        assert quiz.clean(NOON, limit=1).affected == 1
        assert "".join(state[0] for state in states(quiz)) == expected[run]
    assert quiz.clean(NOON, limit=1).affected == 0


@pytest.mark.parametrize(("limit", "expired"), [(None, 10), (7, 7), (6, 6), (2, 2), (10, 10)])
def test_batches_go_on_until_none_are_left(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch, limit: int | None, expired: int
) -> None:
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", 3)
    for number in range(1, 11):
        begin(quiz, number, NOON - number * MINUTE)
    assert quiz.clean(NOON, limit=limit).affected == expired
    assert states(quiz) == ["active"] * (10 - expired) + ["expired"] * expired
    assert len(quiz.events("QuizAbandoned")) == expired


def test_a_rehearsal_ends_nothing(quiz: Quiz) -> None:
    begin(quiz, 1, NOON)
    assert quiz.clean(NOON, dry_run=True).affected == 1
    assert states(quiz) == ["active"]
    assert quiz.events("QuizAbandoned") == []


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize(
    ("commit", "status", "told"), [(True, "completed", 0), (False, "expired", 1)]
)
def test_a_last_answer_counts_if_it_is_committed(
    quiz: Quiz, commit: bool, status: str, told: int
) -> None:
    begin(quiz, 1, NOON)
    result = quiz.race(ANSWER.format(session(1)), quiz.clean, NOON, commit=commit)
    assert (result.affected, states(quiz)) == (told, [status])
    assert len(quiz.events("QuizAbandoned")) == told


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize("had_deadline", [True, False])
def test_time_that_is_given_while_the_job_runs_counts(quiz: Quiz, had_deadline: bool) -> None:
    begin(quiz, 1, NOON if had_deadline else None)
    more = f"UPDATE quiz.quiz_sessions SET expires_at = '{NOON + MINUTE}'"
    assert quiz.race(more, quiz.clean, NOON).affected == 0
    assert states(quiz) == ["active"]


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize("limit", [None, 2])
def test_a_last_answer_keeps_no_other_session_alive(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch, limit: int | None
) -> None:
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", 1)
    for number in (1, 2, 3):
        begin(quiz, number, NOON - (9 - number) * MINUTE)
    quiz.race(ANSWER.format(session(1)), lambda: quiz.clean(NOON, limit=limit))
    assert states(quiz) == ["completed", "expired", "expired"]


@pytest.mark.undisturbed("counts what an app of its own commits")
def test_many_last_answers_against_the_running_job_end_every_session_in_one_way(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", 20)
    sessions = range(1, 401)
    quiz.execute(
        "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) VALUES "
        + ", ".join(
            f"('{session(n)}', '{player(n)}', '{NOON - DAY}', '{NOON - n * MINUTE}')"
            for n in sessions
        )
    )
    answered = dict.fromkeys(sessions, 0)
    has_begun = threading.Event()

    def answer(numbers: range) -> None:
        with quiz.app() as app, app.cursor() as cursor:
            for number in numbers:
                cursor.execute(ANSWER.format(session(number)))
                answered[number] = cursor.rowcount
                app.commit()
                has_begun.set()
                time.sleep(0.003)

    threads = [threading.Thread(target=answer, args=[sessions[first::4]]) for first in range(4)]
    for thread in threads:
        thread.start()
    has_begun.wait()
    result = quiz.clean(NOON)
    for thread in threads:
        thread.join()
    told = [int(event["session_id"][:8], 16) for event in quiz.events("QuizAbandoned")]
    completed = [number for number, rows in answered.items() if rows]
    assert completed
    assert told
    assert sorted(told + completed) == list(sessions)
    assert result.affected == len(told)
    assert states(quiz) == ["expired" if n in set(told) else "completed" for n in sessions]


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
def test_a_session_that_begins_anew_while_the_job_runs_goes_on(quiz: Quiz) -> None:
    begin(quiz, 1)
    anew = f"UPDATE quiz.quiz_sessions SET started_at = '{NOON}'"
    assert quiz.race(anew, quiz.clean, NOON).affected == 0
    assert states(quiz) == ["active"]
