"""Lives come back: on time, late, after an outage, and while people play."""

import threading
from datetime import timedelta

import psycopg2
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.quiz.checks import CHECKS
from trc_pipelines_tests.quiz.conftest import HOUR, MINUTE, Quiz, player
from trc_pipelines_tests.world import NOON


def set_lives(quiz: Quiz, user: int, lives: int, due, most: int = 5) -> None:
    quiz.insert("lives", user=user, current_lives=lives, max_lives=most, next_regen_at=due)


def test_a_life_that_is_due_now_comes_back_and_the_next_follows_half_an_hour_later(
    quiz: Quiz,
) -> None:
    set_lives(quiz, 1, 2, NOON)
    set_lives(quiz, 2, 2, NOON + timedelta(microseconds=1))
    assert quiz.regenerate(NOON).affected == 1
    assert quiz.lives(1) == (3, NOON + 30 * MINUTE)
    assert quiz.lives(2) == (2, NOON + timedelta(microseconds=1))
    assert quiz.events("LifeRegenerated") == [
        {"user_id": player(1), "lives_added": 1, "new_total": 3}
    ]


def test_ninety_five_minutes_late_one_comes_back_and_the_deadline_moves_on_from_itself(
    quiz: Quiz,
) -> None:
    set_lives(quiz, 1, 1, NOON - 95 * MINUTE)
    quiz.regenerate(NOON)
    assert quiz.lives(1) == (2, NOON - 65 * MINUTE)


def test_with_catch_up_all_four_come_back_and_nothing_is_due_any_more(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, NOON - 95 * MINUTE)
    set_lives(quiz, 2, 1, NOON - 60 * MINUTE)
    quiz.settings = quiz.settings.model_copy(update={"quiz_life_catch_up": True})
    assert quiz.regenerate(NOON).details["lives"] == 7
    assert quiz.lives(1) == (5, None)
    assert quiz.lives(2) == (4, NOON + 30 * MINUTE)


@pytest.mark.parametrize("most", [5, 3])
def test_catching_up_ends_when_the_player_is_full(quiz: Quiz, most: int) -> None:
    set_lives(quiz, 1, 2, NOON - 12 * HOUR, most)
    quiz.settings = quiz.settings.model_copy(update={"quiz_life_catch_up": True})
    assert quiz.regenerate(NOON).details["lives"] == most - 2
    assert quiz.lives(1) == (most, None)


def test_the_last_life_leaves_no_deadline_behind(quiz: Quiz) -> None:
    set_lives(quiz, 1, 4, NOON)
    quiz.regenerate(NOON)
    assert quiz.lives(1) == (5, None)


@pytest.mark.parametrize("lives", [5, 6])
def test_a_full_player_with_a_stale_deadline_is_left_alone(quiz: Quiz, lives: int) -> None:
    set_lives(quiz, 1, lives, NOON - HOUR)
    assert quiz.regenerate(NOON).affected == 0
    assert quiz.lives(1) == (lives, NOON - HOUR)


def test_a_lost_life_without_a_deadline_gets_one_and_nothing_is_given(quiz: Quiz) -> None:
    set_lives(quiz, 1, 3, None)
    result = quiz.regenerate(NOON)
    assert (result.affected, result.details["lives"]) == (1, 0)
    assert "1 missing deadline set" in result.message
    assert quiz.lives(1) == (3, NOON + 30 * MINUTE)
    assert quiz.events("LifeRegenerated") == []


def test_the_same_tick_gives_nothing_twice_though_more_is_owed(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, NOON - 95 * MINUTE)
    assert quiz.regenerate(NOON).affected == 1
    assert quiz.regenerate(NOON).affected == 0
    assert quiz.lives(1) == (2, NOON - 65 * MINUTE)
    assert len(quiz.events("LifeRegenerated")) == 1


def test_a_missed_tick_gives_its_life_when_it_is_run_late_and_once(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, NOON - 95 * MINUTE)
    for tick in (0, -30, 0, -30):
        quiz.regenerate(NOON + tick * MINUTE)
    assert quiz.lives(1) == (3, NOON - 35 * MINUTE)
    (last,) = quiz.query("SELECT last_regen_at FROM quiz.lives")["last_regen_at"]
    assert last == NOON


@pytest.mark.parametrize(("written", "after"), [(NOON - HOUR, NOON), (NOON + HOUR, NOON + HOUR)])
def test_the_time_of_the_last_change_only_moves_forward(quiz: Quiz, written, after) -> None:
    quiz.insert("lives", user=1, current_lives=1, next_regen_at=NOON, updated_at=written)
    quiz.regenerate(NOON)
    assert quiz.rows("SELECT updated_at FROM quiz.lives") == [(after,)]


def test_a_deadline_that_is_set_is_no_life_that_came_back(quiz: Quiz) -> None:
    set_lives(quiz, 1, 3, None)
    quiz.regenerate(NOON)
    assert quiz.rows("SELECT last_regen_at FROM quiz.lives") == [(None,)]
    assert quiz.rows("SELECT * FROM quiz.life_regenerations") == []


@pytest.mark.undisturbed("waits for one attempt to meet an app of its own")
@pytest.mark.parametrize(
    ("change", "after"),
    [
        ("current_lives = 0", (0, NOON)),
        ("current_lives = 5", (5, NOON)),
        ("max_lives = 1", (1, NOON)),
        (f"next_regen_at = '{NOON + MINUTE}'", (1, NOON + MINUTE)),
    ],
)
def test_what_the_app_writes_while_the_job_runs_stands_or_gets_one_life_more(
    quiz: Quiz, change: str, after: tuple
) -> None:
    set_lives(quiz, 1, 1, NOON)
    quiz.race(f"UPDATE quiz.lives SET {change}", quiz.regenerate, NOON)
    given = quiz.rows("SELECT lives_added, new_total FROM quiz.life_regenerations")
    if given:  # judged by what the app wrote
        assert (given, change) == ([(1, 1)], "current_lives = 0")
        assert quiz.lives(1) == (1, NOON + 30 * MINUTE)
    else:
        assert quiz.lives(1) == after


def test_old_rows_are_removed_and_the_rest_is_not_edited(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, NOON - 30 * MINUTE)
    quiz.regenerate(NOON - 30 * MINUTE)
    quiz.regenerate(NOON)
    with pytest.raises(sa.exc.DBAPIError, match="is refused"):
        quiz.execute("UPDATE quiz.life_regenerations SET lives_added = 2")
    with quiz.database.transaction() as transaction:
        assert transaction.read_value("quiz/purge_life_regenerations", before=NOON) == 1
    assert quiz.rows("SELECT regenerated_at FROM quiz.life_regenerations") == [(NOON,)]


def test_a_limit_takes_who_has_waited_longest(quiz: Quiz) -> None:
    for user in range(1, 6):
        set_lives(quiz, user, 1, NOON - user * MINUTE)
    assert quiz.regenerate(NOON, limit=2).affected == 2
    assert [quiz.lives(user)[0] for user in range(1, 6)] == [1, 1, 1, 2, 2]


def test_a_deadline_out_of_this_world_stops_nobody_and_is_found(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, "-infinity")
    set_lives(quiz, 2, 1, "infinity")
    set_lives(quiz, 3, 1, NOON)
    assert quiz.regenerate(NOON).affected == 1
    check = next(c for c in CHECKS if c.name == "every_deadline_can_be_met")
    with quiz.database.transaction() as transaction:
        found = check.find_violations(transaction)
    assert found["user_id"].tolist() == [player(1), player(2)]


def test_batches_reach_everybody(quiz: Quiz, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trc_pipelines.quiz.batches.BATCH", 3)
    for user in range(1, 11):
        set_lives(quiz, user, 0, NOON - user * HOUR)
    assert quiz.regenerate(NOON).affected == 10
    assert {quiz.lives(user)[0] for user in range(1, 11)} == {1}


def test_a_rehearsal_gives_nothing(quiz: Quiz) -> None:
    set_lives(quiz, 1, 1, NOON)
    assert quiz.regenerate(NOON, dry_run=True).affected == 1
    assert quiz.lives(1) == (1, NOON)


@pytest.mark.undisturbed("counts what an app of its own commits")
def test_quizzes_that_start_while_lives_come_back_lose_nothing(quiz: Quiz) -> None:
    """Ten players, each with a thread that starts quizzes as fast as it can, under eight ticks."""
    players = range(1, 11)
    for user in players:
        set_lives(quiz, user, 5, None)
    spent = dict.fromkeys(players, 0)
    stop = threading.Event()
    url = make_url(quiz.database.url).set(drivername="postgresql").render_as_string(False)

    def play(user: int) -> None:
        connection = psycopg2.connect(url)
        with connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute(
                    "UPDATE quiz.lives SET current_lives = current_lives - 1, "
                    "next_regen_at = coalesce(next_regen_at, %s) "
                    "WHERE user_id = %s AND current_lives > 0",
                    [NOON - 12 * HOUR, player(user)],
                )
                spent[user] += cursor.rowcount
                connection.commit()
        connection.close()

    threads = [threading.Thread(target=play, args=[user]) for user in players]
    for thread in threads:
        thread.start()
    try:
        for tick in range(8):
            quiz.regenerate(NOON + tick * 30 * MINUTE)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    given = dict(
        quiz.rows("SELECT user_id::text, sum(lives_added) FROM quiz.life_regenerations GROUP BY 1")
    )
    assert sum(given.values()) > 40
    for user in players:
        assert quiz.lives(user)[0] == 5 - spent[user] + given.get(player(user), 0)
