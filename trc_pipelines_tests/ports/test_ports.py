"""The write ports on tables of ours: the app wins what it changes meanwhile, and no update is lost."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.database.migrations import create_engine
from trc_pipelines.database.statements import SQL_FOLDER
from trc_pipelines.quiz.relations import APP_RELATIONS
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.ports.conformance import (
    AS_OF,
    CALLS,
    OVERDUE,
    READ_AT,
    AppSide,
    try_alone,
    try_port,
)
from trc_pipelines_tests.world import World

BET = f"""\
INSERT INTO betting.games
(id, sport, home_team, away_team, commence_time, status, home_score, away_score, completed_at)
VALUES ('game1', 'NFL', 'Hawks', 'Owls', {OVERDUE}, 'completed', 21, 10, {READ_AT});
INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at)
VALUES ('bet1', 'ann', 'game1', 'moneyline', '{{"team": "Hawks"}}', 1000, 100, {READ_AT})"""
POST = f"""\
INSERT INTO betting.posts (id, user_id, created_at, expires_at)
VALUES ('post1', 'ann', {OVERDUE}, {READ_AT})"""
OURS = {
    "quiz.grant_lives": AppSide(
        f"INSERT INTO quiz.lives (user_id, current_lives, next_regen_at) VALUES ('ann', 3, {OVERDUE})",
        "UPDATE quiz.lives SET current_lives = 2",
        "SELECT l::text FROM quiz.lives AS l",
    ),
    "quiz.judge_streaks": AppSide(
        "INSERT INTO quiz.player_progress (user_id, current_streak, protections_remaining, last_quiz_at) "
        f"VALUES ('ann', 7, 1, {OVERDUE})",
        f"UPDATE quiz.player_progress SET current_streak = 8, last_quiz_at = {AS_OF}",
        "SELECT p::text FROM quiz.player_progress AS p",
    ),
    "quiz.expire_sessions": AppSide(
        "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) "
        f"VALUES ('session1', 'ann', {OVERDUE}, {READ_AT})",
        f"UPDATE quiz.quiz_sessions SET status = 'completed', completed_at = {READ_AT}",
        "SELECT q::text FROM quiz.quiz_sessions AS q",
    ),
    "betting.settle_bets": AppSide(
        BET, "UPDATE betting.bets SET stake = 500", "SELECT b::text FROM betting.bets AS b"
    ),
    "betting.expire_content": AppSide(
        POST,
        f"UPDATE betting.posts SET expires_at = {AS_OF} + interval '1 day'",
        "SELECT p::text FROM betting.posts AS p",
    ),
    "betting.remove_content": AppSide(
        f"{POST}; UPDATE betting.posts SET deleted_at = {OVERDUE}",
        "UPDATE betting.posts SET deleted_at = NULL",
        "SELECT string_agg(p::text, ',') FROM betting.posts AS p",
    ),
}


@pytest.fixture
def url(world: World) -> Iterator[str]:
    engine = create_engine(world.database.url)
    yield engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    engine.dispose()


@pytest.mark.parametrize("port", CALLS)
def test_a_port_writes_what_is_as_it_was_read_once(port: str, url: str) -> None:
    try_alone(url, port, OURS[port])


@pytest.mark.parametrize("port", CALLS)
def test_a_port_waits_for_the_app_and_lets_it_win(port: str, url: str) -> None:
    try_port(url, port, OURS[port])


# What every app with a view wrote first: an UPDATE of the view is an UPDATE by key, of a row that the
# view was read from earlier.
NAIVE = """\
ALTER TABLE quiz.lives RENAME TO app_lives;
CREATE VIEW quiz.lives AS SELECT * FROM quiz.app_lives OFFSET 0;
CREATE FUNCTION quiz.write_lives() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE quiz.app_lives SET current_lives = NEW.current_lives, next_regen_at = NEW.next_regen_at
    WHERE user_id = NEW.user_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER write_lives INSTEAD OF UPDATE ON quiz.lives FOR EACH ROW EXECUTE FUNCTION quiz.write_lives();
"""


def test_an_update_through_a_view_with_a_naive_trigger_is_found_out(url: str) -> None:
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute(NAIVE)
    port = "quiz.grant_lives"
    ours = OURS[port]
    in_its_table = AppSide(
        *[
            text.replace("quiz.lives", "quiz.app_lives")
            for text in (ours.insert, ours.change, ours.look)
        ]
    )
    with pytest.raises(AssertionError, match="meanwhile"):
        try_port(url, port, in_its_table)


def test_the_doctor_names_a_port_that_is_naive_or_gone(world: World, url: str) -> None:
    def found() -> list[tuple[str, str]]:
        return [(each.kind, each.relation) for each in examine(world.database, APP_RELATIONS)]

    assert found() == []
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute("DROP FUNCTION quiz.expire_sessions")
    assert found() == [("missing_port", "quiz.quiz_sessions")]
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute(NAIVE)
    assert ("naive_port", "quiz.lives") in found()


def test_two_writers_lose_no_life(url: str) -> None:
    """The app takes lives while the job gives them: in the end there are those that nobody took.

    A thousand are taken in an ordinary run, ten thousand with EXAMPLES=10.
    """
    rounds, players = examples(50), 20
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute(
            "INSERT INTO quiz.lives (user_id, current_lives, max_lives, next_regen_at) "
            f"SELECT 'p' || n, {20 * rounds}, 1000000, {OVERDUE} FROM generate_series(1, {players}) AS n"
        )

    def take() -> int:
        taken = 0
        with psycopg2.connect(url) as session, session.cursor() as cursor:
            for turn in range(rounds * players):
                cursor.execute(
                    "UPDATE quiz.lives SET current_lives = current_lives - 1 WHERE user_id = %s",
                    [f"p{1 + turn % players}"],
                )
                taken += cursor.rowcount
                session.commit()
        return taken

    def give() -> int:
        given = 0
        with psycopg2.connect(url) as session, session.cursor() as cursor:
            for _ in range(rounds):
                cursor.execute(
                    "WITH read AS MATERIALIZED (SELECT *, pg_sleep(0.0005) FROM quiz.lives) "
                    "SELECT count(*) FROM quiz.grant_lives((SELECT array_agg(row(r.user_id, r.current_lives, "
                    "r.max_lives, r.next_regen_at, 1, r.current_lives + 1, r.next_regen_at)::quiz.life_grant "
                    f"ORDER BY r.user_id) FROM read AS r), {AS_OF})"
                )
                given += cursor.fetchone()[0]
                session.commit()
        return given

    with ThreadPoolExecutor(2) as pool:
        taking, giving = pool.submit(take), pool.submit(give)
        taken, given = taking.result(), giving.result()
    with psycopg2.connect(url) as session, session.cursor() as cursor:
        cursor.execute("SELECT sum(current_lives) FROM quiz.lives")
        assert cursor.fetchone()[0] == players * 20 * rounds - taken + given
    assert taken == rounds * players
    assert given > 0


def test_a_call_names_every_port_that_looks_again() -> None:
    """A port whose comment says what it looks at again is tried; the others say they do not."""
    text = "".join(path.read_text() for path in (SQL_FOLDER / "ports").glob("*.sql"))
    comments = [line for line in text.splitlines() if line.startswith("COMMENT ON FUNCTION")]
    looking = {line.split()[3].split("(")[0] for line in comments if "Looks again at" in line}
    assert looking == set(CALLS)
