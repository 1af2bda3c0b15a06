"""Boards of XP: how they rank, when a period ends, and what is archived of it."""

import random
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.database.connection import Transaction
from trc_pipelines.database.statements import load_statement
from trc_pipelines.leaderboards.closing import find_due_periods
from trc_pipelines.quiz.boards import BOARDS, CACHED_BOARDS
from trc_pipelines.quiz.checks import CHECKS
from trc_pipelines.quiz.rules.ranks import rank_players
from trc_pipelines.quiz.steps import leaderboard_rankings
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.quiz.conftest import DAY, HOUR, MINUTE, Quiz, player
from trc_pipelines_tests.world import NOON

MICROSECOND = timedelta(microseconds=1)
WEEK = 7 * DAY
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)  # the one after NOON
ALL_BOARDS = ("global", "weekly", "monthly")


def archive(quiz: Quiz) -> dict[str, list[tuple[int, int, int]]]:
    """By period: rank, player, score."""
    found: dict[str, list[tuple[int, int, int]]] = {}
    for period, rank, user, score in quiz.rows(
        "SELECT period, rank, right(user_id::text, 4), score FROM quiz.leaderboard_archive "
        "ORDER BY period, rank"
    ):
        found.setdefault(period, []).append((rank, int(user, 16), score))
    return found


def standing(quiz: Quiz) -> list[tuple]:
    return quiz.rows(
        "SELECT board, user_id::text, rank, score, ranked_at, xmin::text "
        "FROM quiz.leaderboard_rankings ORDER BY board, user_id"
    )


# Ranking ------------------------------------------------------------------------------------------


def test_among_equals_the_latest_gain_comes_first_then_the_lower_id(quiz: Quiz) -> None:
    quiz.join(4, 3, 2, 1)
    for user, at in [(1, NOON - HOUR), (4, NOON), (3, NOON), (2, NOON - MINUTE)]:
        quiz.earn(user, 10, at)
    quiz.rank(NOON)
    expected = [(1, 3, 10), (2, 4, 10), (3, 2, 10), (4, 1, 10)]
    assert {board: quiz.board(board) for board in ALL_BOARDS} == dict.fromkeys(ALL_BOARDS, expected)


def test_a_correction_is_no_gain_and_moves_nobody_up_among_equals(quiz: Quiz) -> None:
    quiz.join(1, 2)
    quiz.earn(1, 10, NOON - MINUTE)
    quiz.earn(2, 12, NOON - HOUR)
    quiz.insert("xp_events", user=2, amount=-2, earned_at=NOON, source="correction")
    quiz.rank(NOON)
    assert quiz.board("weekly") == quiz.board("monthly") == [(1, 1, 10), (2, 2, 10)]
    quiz.close(MONDAY)
    assert archive(quiz) == {"2026-W10": [(1, 1, 10), (2, 2, 10)]}


def test_a_period_counts_what_was_earned_in_it_and_up_to_the_tick(quiz: Quiz) -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)  # a Sunday
    quiz.join(1)
    for amount, at in [
        (1, first - MICROSECOND),
        (10, first),
        (100, first + DAY - MICROSECOND),
        (1_000, first + DAY),
        (10_000, NOON),
        (100_000, NOON + MICROSECOND),
    ]:
        quiz.earn(1, amount, at)
    quiz.rank(NOON)
    scores = [quiz.board(board)[0][2] for board in ALL_BOARDS]
    assert scores == [111_111, 11_000, 11_110]


def test_who_has_no_xp_is_on_the_board_and_has_no_rank(quiz: Quiz) -> None:
    quiz.join(1, 2, 3, 4)
    quiz.earn(2, 5, NOON)
    quiz.earn(3, -5, NOON)
    quiz.earn(4, 5, NOON)
    quiz.earn(4, -5, NOON)
    result = quiz.rank(NOON)
    expected = [(1, 2, 5), (None, 1, 0), (None, 3, -5), (None, 4, 0)]
    assert {board: quiz.board(board) for board in ALL_BOARDS} == dict.fromkeys(ALL_BOARDS, expected)
    assert result.details == {
        "players_on_the_global_board": 1,
        "players_on_the_weekly_board": 1,
        "players_on_the_monthly_board": 1,
        "ranks_rewritten": 12,
    }
    with quiz.database.transaction(commit=False) as transaction:
        published = CACHED_BOARDS.read_rows(transaction, "weekly")
    assert published.to_dict("records") == [{"rank": 1, "member_id": player(2), "score": 5}]


@pytest.mark.parametrize(
    "how", ["UPDATE quiz.users SET deleted_at = now()", "DELETE FROM quiz.users"]
)
def test_who_leaves_vanishes_and_the_others_close_up(quiz: Quiz, how: str) -> None:
    quiz.join(1, 2, 3)
    for user in (1, 2, 3):
        quiz.earn(user, 10 * user, NOON)
    quiz.rank(NOON)
    quiz.execute(f"{how} WHERE id = '{player(2)}'")
    quiz.rank(NOON + HOUR)
    for board in ALL_BOARDS:
        assert quiz.board(board) == [(1, 3, 30), (2, 1, 10)]
    quiz.execute(f"{how} WHERE id = '{player(1)}'")
    quiz.rank(NOON + 2 * HOUR)
    quiz.close(MONDAY)
    assert quiz.board("weekly") == [(1, 3, 30)]
    assert archive(quiz) == {"2026-W10": [(1, 3, 30)]}


def test_who_leaves_while_a_board_is_ranked_is_on_it_and_leaves_no_gap(
    quiz: Quiz, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiz.join(1, 2, 3)
    for user in (1, 2, 3):
        quiz.earn(user, 10 * user, NOON)
    quiz.rank(NOON)

    def leave_and_rank(board: str, scores: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        quiz.execute(f"UPDATE quiz.users SET deleted_at = now() WHERE id = '{player(2)}'")
        return rank_players(board, scores)

    monkeypatch.setattr(leaderboard_rankings, "rank_players", leave_and_rank)
    quiz.rank(NOON + HOUR)
    closed_up = [(1, 3, 30), (2, 1, 10)]
    as_it_was = [(1, 3, 30), (2, 2, 20), (3, 1, 10)]
    assert [quiz.board(board) for board in ALL_BOARDS] == [as_it_was, closed_up, closed_up]
    monkeypatch.undo()
    quiz.rank(NOON + 2 * HOUR)
    assert quiz.board("global") == closed_up


def test_xp_of_nobody_we_know_is_on_no_board(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(7, 10, NOON)
    quiz.rank(NOON)
    quiz.close(MONDAY)
    assert [quiz.board(board) for board in ALL_BOARDS] == [[(None, 1, 0)]] * 3
    assert archive(quiz) == {}


def test_only_rows_that_change_are_written(quiz: Quiz) -> None:
    quiz.join(1, 2, 3, 4)
    for user, amount in [(1, 50), (2, 40), (3, 30)]:
        quiz.earn(user, amount, NOON - HOUR)
    assert quiz.rank(NOON).details["ranks_rewritten"] == 12
    before = standing(quiz)
    assert quiz.rank(NOON + HOUR).details["ranks_rewritten"] == 0
    assert standing(quiz) == before
    quiz.earn(3, 15, NOON + HOUR)  # past the second
    assert quiz.rank(NOON + HOUR).details["ranks_rewritten"] == 6
    after = standing(quiz)
    changed = {(row[0], row[1]) for row in after if row not in before}
    assert changed == {(board, player(user)) for board in ALL_BOARDS for user in (2, 3)}
    assert {row[4] for row in after if row not in before} == {NOON + HOUR}


def test_a_gain_that_changes_no_score_still_changes_when_it_was_reached(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 10, NOON - HOUR)
    quiz.rank(NOON)
    quiz.earn(1, 5, NOON)
    quiz.earn(1, -5, NOON)
    assert quiz.rank(NOON).details["ranks_rewritten"] == 3
    assert quiz.rows("SELECT DISTINCT reached_at FROM quiz.leaderboard_rankings") == [(NOON,)]


def test_an_older_tick_does_not_undo_a_newer_one_and_the_same_tick_takes_what_came_late(
    quiz: Quiz,
) -> None:
    quiz.join(1)
    quiz.earn(1, 10, NOON)
    quiz.rank(NOON)
    before = standing(quiz)
    result = quiz.rank(NOON - HOUR)
    assert (result.affected, result.message) == (
        0,
        "the boards stand for 2026-03-04T12:00:00Z already",
    )
    assert standing(quiz) == before
    quiz.earn(1, 1, NOON)
    quiz.rank(NOON)
    assert quiz.board("weekly") == [(1, 1, 11)]


def test_an_empty_quiz_has_empty_boards_and_nothing_to_close(quiz: Quiz) -> None:
    assert quiz.rank(NOON).affected == 0
    assert quiz.close(MONDAY).message == "nothing to do"
    assert quiz.rows("SELECT board, members FROM leaderboards.boards WHERE domain = 'quiz'") == [
        ("global", 0),
        ("weekly", 0),
        ("monthly", 0),
    ]


def test_a_rehearsal_ranks_and_closes_nothing(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 10, NOON)
    assert quiz.rank(NOON, dry_run=True).details["ranks_rewritten"] == 3
    assert quiz.close(MONDAY, dry_run=True).affected == 1
    assert standing(quiz) == quiz.events("LeaderboardReset") == []
    assert archive(quiz) == {}


INSTANTS = st.one_of(
    st.none(), st.integers(0, 3).map(lambda hours: NOON + hours * HOUR + hours * MICROSECOND)
)
ROWS = st.lists(
    st.tuples(
        st.integers(-2, 5), INSTANTS, st.none() | st.tuples(st.integers(0, 5), INSTANTS)
    ),
    max_size=12,
)  # fmt: skip


def scores_frame(rows: list[tuple]) -> pd.DataFrame:
    """As the statements give it; the standing rank is 1, whatever stands."""
    blank = (None, None)
    plain = [
        (member, score, reached, 1 if stood else None, *(stood or blank))
        for member, score, reached, stood in rows
    ]
    standing_columns = ["standing_rank", "standing_score", "standing_reached_at"]
    frame = pd.DataFrame(plain, columns=["member_id", "score", "reached_at", *standing_columns])
    instants = dict.fromkeys(["reached_at", "standing_reached_at"], "datetime64[us, UTC]")
    numbers = dict.fromkeys(["score", "standing_rank", "standing_score"], "Int64")
    return frame.astype({"member_id": "str"} | instants | numbers)


@given(rows=ROWS, shuffle=st.randoms())
@settings(max_examples=60)
def test_ranking_is_the_same_however_the_players_come(rows: list[tuple], shuffle) -> None:
    numbered = [(player(n), *row) for n, row in enumerate(rows)]
    expected = sorted(
        (row for row in numbered if row[1] > 0),
        key=lambda row: (-row[1], -(row[2].timestamp() if row[2] else 0), row[0]),
    )
    ranks = {member: n for n, (member, *_) in enumerate(expected, start=1)}
    changed = {
        (member, ranks.get(member), score, reached)
        for member, score, reached, stood in numbered
        if stood is None or (1, *stood) != (ranks.get(member), score, reached)
    }
    shuffle.shuffle(numbered)
    ranked, rewritten = rank_players("weekly", scores_frame(numbered))
    assert ranked["member_id"].tolist() == [row[0] for row in expected]
    assert ranked["rank"].tolist() == list(range(1, len(expected) + 1))
    found = rewritten.astype(object).where(rewritten.notna(), None)
    assert sorted(found.itertuples(index=False, name=None), key=str) == sorted(changed, key=str)


# Closing ------------------------------------------------------------------------------------------


def test_xp_at_midnight_on_monday_belongs_to_the_new_week(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 7, MONDAY - MICROSECOND)
    quiz.earn(1, 5, MONDAY)
    quiz.close(MONDAY)
    quiz.rank(MONDAY)
    assert archive(quiz) == {"2026-W10": [(1, 1, 7)]}
    assert [quiz.board(board)[0][2] for board in ALL_BOARDS] == [12, 5, 12]
    quiz.close(MONDAY + WEEK)
    assert archive(quiz) == {"2026-W10": [(1, 1, 7)], "2026-W11": [(1, 1, 5)]}


def test_a_week_that_has_not_ended_stays_open(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 7, NOON)
    assert quiz.close(MONDAY - MICROSECOND).affected == 0
    assert quiz.close(MONDAY).affected == 1


def test_a_new_week_empties_the_weekly_board_for_good_and_sets_nothing_to_zero(quiz: Quiz) -> None:
    quiz.join(1, 2)
    quiz.earn(1, 1000, NOON)
    quiz.earn(2, 500, NOON)
    quiz.rank(MONDAY - HOUR)
    assert quiz.board("weekly") == [(1, 1, 1000), (2, 2, 500)]
    quiz.close(MONDAY)
    for tick in (MONDAY, MONDAY + HOUR):
        quiz.rank(tick)
        assert quiz.board("weekly") == [(None, 1, 0), (None, 2, 0)]
        assert quiz.board("monthly") == quiz.board("global") == [(1, 1, 1000), (2, 2, 500)]
    assert quiz.rows("SELECT DISTINCT reached_at FROM quiz.leaderboard_rankings "
                     "WHERE board = 'weekly'") == [(None,)]  # fmt: skip
    assert quiz.rows("SELECT sum(xp)::int FROM quiz.player_progress") == [(1500,)]
    quiz.earn(2, 1, MONDAY + HOUR)
    quiz.rank(MONDAY + 2 * HOUR)
    assert quiz.board("weekly") == [(1, 2, 1), (None, 1, 0)]
    boards = quiz.rows(
        "SELECT board, period_start::text, members FROM leaderboards.boards WHERE domain = 'quiz' "
        "ORDER BY board"
    )
    assert boards == [
        ("global", None, 2),
        ("monthly", "2026-03-01", 2),
        ("weekly", "2026-03-09", 1),
    ]


def test_a_first_that_is_a_monday_closes_two_weeks_and_the_month_oldest_first(quiz: Quiz) -> None:
    first = datetime(2026, 6, 1, tzinfo=UTC)
    quiz.join(1, 2)
    quiz.earn(1, 3, first - 10 * DAY)
    quiz.earn(2, 4, first - DAY)
    result = quiz.close(first)
    assert result.notes == ["closed weekly 2026-W21, weekly 2026-W22, monthly 2026-05"]
    assert result.details == {"periods_closed": 3, "scores_archived": 4, "periods_waiting": 0}
    assert archive(quiz) == {
        "2026-05": [(1, 2, 4), (2, 1, 3)],
        "2026-W21": [(1, 1, 3)],
        "2026-W22": [(1, 2, 4)],
    }
    assert quiz.events("LeaderboardReset") == [
        {
            "domain": "quiz",
            "leaderboard_type": board,
            "period": period,
            "period_start": start,
            "period_end": end,
            "players_archived": players,
        }
        for board, period, start, end, players in [
            ("weekly", "2026-W21", "2026-05-18", "2026-05-25", 1),
            ("weekly", "2026-W22", "2026-05-25", "2026-06-01", 1),
            ("monthly", "2026-05", "2026-05-01", "2026-06-01", 2),
        ]
    ]
    for again in (first, first + DAY, first - DAY, first + 6 * DAY):
        assert quiz.close(again).message == "nothing to do"
    assert len(quiz.events("LeaderboardReset")) == 3
    assert len(quiz.rows("SELECT * FROM quiz.leaderboard_archive")) == 4


def test_a_limit_closes_the_oldest_periods(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 3, NOON)
    assert (
        quiz.close(MONDAY + 2 * WEEK, limit=2).notes[0] == "closed weekly 2026-W10, weekly 2026-W11"
    )
    assert quiz.close(MONDAY + 2 * WEEK, limit=2).notes == ["closed weekly 2026-W12"]


def test_a_week_in_which_nobody_earned_closes_empty(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 3, NOON)
    quiz.close(MONDAY + WEEK)
    assert archive(quiz) == {"2026-W10": [(1, 1, 3)]}
    assert [event["players_archived"] for event in quiz.events("LeaderboardReset")] == [1, 0]


def test_the_archive_is_an_independent_sum(quiz: Quiz) -> None:
    numbers = random.Random(4)
    players = range(1, 13)
    quiz.join(*players)
    start = MONDAY - WEEK
    gains = []
    for _ in range(120):
        at = start + timedelta(seconds=numbers.randrange(-DAY // HOUR, 8 * 24) * 3600)
        gains.append((numbers.choice(players), numbers.choice([5, 5, 10, -7, -20]), at))
    quiz.execute(
        "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) VALUES "
        + ", ".join(f"('{player(user)}', {amount}, '{at}', 'quiz')" for user, amount, at in gains)
    )
    quiz.execute(f"UPDATE quiz.users SET deleted_at = now() WHERE id = '{player(5)}'")
    quiz.close(MONDAY)
    sums: dict[int, int] = {}
    latest: dict[int, datetime] = {}
    for user, amount, at in gains:
        if start <= at < MONDAY and user != 5:
            sums[user] = sums.get(user, 0) + amount
            if amount > 0:
                latest[user] = max(at, latest.get(user, at))
    order = sorted(
        (user for user, total in sums.items() if total > 0),
        key=lambda user: (-sums[user], -latest[user].timestamp(), user),
    )
    assert 3 < len(order) < 12
    assert archive(quiz)["2026-W10"] == [
        (rank, user, sums[user]) for rank, user in enumerate(order, start=1)
    ]


# A week in a time to come, so that a transaction which is open now began before its end.
FUTURE = datetime(2099, 1, 12, tzinfo=UTC)
GAIN = "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) VALUES ('{}', 5, '{}', 'q')"


@pytest.mark.undisturbed("looks at what an app of its own keeps waiting")
def test_xp_in_a_transaction_that_is_open_when_the_week_ends_is_waited_for(quiz: Quiz) -> None:
    quiz.join(1, 2)
    quiz.earn(1, 3, FUTURE - 2 * DAY)
    with quiz.app() as app, app.cursor() as cursor:
        cursor.execute(GAIN.format(player(2), FUTURE - MINUTE))
        result = quiz.close(FUTURE)
        assert (result.affected, result.details["periods_waiting"]) == (0, 1)
        assert result.notes == [
            "weekly 2099-W02: not everything has arrived yet, it closes as soon as it has"
        ]
        assert archive(quiz) == {}
        app.commit()
    quiz.close(FUTURE)
    assert archive(quiz) == {"2099-W02": [(1, 2, 5), (2, 1, 3)]}


@pytest.mark.undisturbed("looks at what an app of its own keeps waiting")
def test_a_transaction_that_stays_open_keeps_a_week_open_for_a_day_and_no_longer(
    quiz: Quiz,
) -> None:
    quiz.join(1, 2)
    quiz.earn(1, 3, FUTURE - 2 * DAY)
    with quiz.app() as app, app.cursor() as cursor:
        cursor.execute(GAIN.format(player(2), FUTURE - MINUTE))
        assert quiz.close(FUTURE + DAY - MICROSECOND).affected == 0
        assert quiz.close(FUTURE + DAY).affected == 1
    assert archive(quiz) == {"2099-W02": [(1, 1, 3)]}


@pytest.mark.undisturbed("looks at what an app of its own keeps waiting")
def test_a_young_transaction_is_waited_for_also_while_it_has_only_read_and_the_job_itself_is_not(
    quiz: Quiz,
) -> None:
    quiz.join(1)
    quiz.earn(1, 3, FUTURE - 2 * DAY)

    def look(transaction: Transaction) -> list[list[str]]:
        found = find_due_periods(transaction, quiz.settings, BOARDS, FUTURE)
        return [[period.label for period in periods] for periods in found]

    with quiz.database.transaction(commit=False) as transaction:
        transaction.stage("written", pd.DataFrame({"row": [1]}))
        with quiz.app() as app, app.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM quiz.xp_events")
            assert look(transaction) == [[], ["2099-W02"]]
            app.rollback()
    with quiz.database.transaction(commit=False) as transaction:
        transaction.stage("written", pd.DataFrame({"row": [1]}))
        assert look(transaction) == [["2099-W02"], []]


# Checks -------------------------------------------------------------------------------------------

SPOILS = {
    "every_deadline_can_be_met": [
        "UPDATE quiz.lives SET next_regen_at = 'infinity'",
        "UPDATE quiz.lives SET next_regen_at = '-infinity'",
    ],
    "every_streak_has_a_last_quiz": [
        "UPDATE quiz.player_progress SET last_quiz_at = NULL",
        "UPDATE quiz.player_progress SET last_quiz_at = '-infinity'",
    ],
    "evaluated_days_count_their_outcomes": [
        "DELETE FROM quiz.streak_evaluations WHERE outcome = 'broken'",
        "DELETE FROM quiz.streak_evaluations WHERE outcome = 'protected'",
        "DELETE FROM quiz.streak_evaluations",
        "UPDATE quiz.evaluated_days SET broken_count = broken_count + 1",
    ],
    "expired_sessions_have_an_end": [
        "UPDATE quiz.quiz_sessions SET completed_at = NULL",
        "UPDATE quiz.quiz_sessions SET completed_at = expires_at - interval '1 us'",
        "UPDATE quiz.quiz_sessions SET expires_at = NULL, completed_at = started_at + interval '599 s'",
    ],
    "ranks_are_a_permutation": [
        "UPDATE quiz.leaderboard_rankings SET score = 99 WHERE rank = 2 AND board = 'weekly'",
        "UPDATE quiz.leaderboard_rankings SET reached_at = reached_at + interval '1 d' WHERE rank = 3",
        "UPDATE quiz.leaderboard_rankings SET rank = 9 WHERE rank = 3",
        "DELETE FROM quiz.leaderboard_rankings WHERE rank = 1 AND board = 'monthly'",
    ],
    "archived_scores_match_the_events": [
        "UPDATE leaderboards.archived_rankings SET score = score + 1 WHERE rank = 1",
        "UPDATE quiz.xp_events SET amount = amount + 1",
        "UPDATE quiz.xp_events SET earned_at = earned_at + interval '7 d'",
        f"DELETE FROM quiz.xp_events WHERE user_id = '{player(1)}'",
        "DELETE FROM quiz.counted_xp WHERE score = 40",
        "DELETE FROM leaderboards.archived_rankings WHERE rank = 3; "
        "UPDATE leaderboards.closed_periods SET members = members - 1",
    ],
    "archives_are_complete": [
        "UPDATE leaderboards.closed_periods SET members = 4",
    ],
}  # fmt: skip
APPEND_ONLY = [
    "quiz.counted_xp",
    "quiz.streak_evaluations",
    "quiz.evaluated_days",
    "leaderboards.archived_rankings",
    "leaderboards.closed_periods",
]


class Look:
    """Reads for a check in a transaction of ours, spoiled and rolled back after."""

    def __init__(self, cursor) -> None:
        self.cursor = cursor

    def read(self, statement: str, /, **parameters: object) -> pd.DataFrame:
        loaded = load_statement(statement)
        sql = loaded.text
        for number, value in enumerate(loaded.bind(parameters), 1):
            sql = sql.replace(f"${number}", f"'{value}'")
        self.cursor.execute(sql)
        return pd.DataFrame(self.cursor.fetchall())

    def failing(self) -> set[str]:
        return {check.name for check in CHECKS if not check.find_violations(self).empty}


def live_a_while(quiz: Quiz) -> None:
    """Players, sessions, streaks and a closed week."""
    quiz.join(1, 2, 3, 4)
    for user, amount in [(1, 50), (2, 40), (3, 40)]:
        quiz.earn(user, amount, NOON - user * HOUR)
        quiz.insert("lives", user=user, current_lives=user, next_regen_at=NOON)
    quiz.execute(
        f"UPDATE quiz.player_progress SET current_streak = 3, last_quiz_at = '{NOON - 5 * DAY}'"
    )
    quiz.execute(
        f"UPDATE quiz.player_progress SET protections_remaining = 2 WHERE user_id = '{player(1)}'"
    )
    quiz.insert(
        "quiz_sessions", id=player(9), user=1, started_at=NOON - HOUR, expires_at=NOON - MINUTE
    )
    quiz.insert("quiz_sessions", id=player(8), user=2, started_at=NOON - 10 * MINUTE)
    quiz.regenerate(NOON)
    quiz.judge(NOON)
    quiz.clean(NOON)
    quiz.rank(NOON)
    quiz.close(MONDAY)


def test_the_checks_hold_after_a_while_and_each_finds_what_it_is_for(quiz: Quiz) -> None:
    live_a_while(quiz)
    assert {check.name for check in CHECKS} == set(SPOILS)
    with quiz.app() as app, app.cursor() as cursor:
        look = Look(cursor)
        assert look.failing() == set()
        for name, statements in SPOILS.items():
            for statement in statements:
                for table in APPEND_ONLY:
                    cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(statement)
                assert cursor.rowcount > 0, statement
                assert look.failing() == {name}, statement
                app.rollback()


# Times out of this world ------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["infinity", "-infinity"])
def test_xp_out_of_this_world_stops_nobody(quiz: Quiz, at: str) -> None:
    quiz.join(1, 2)
    quiz.earn(1, 10, NOON)
    quiz.earn(2, 20, at)
    quiz.rank(NOON)
    assert quiz.board("weekly") == [(1, 1, 10), (None, 2, 0)]
    assert [row[1:] for row in quiz.board("global")] == [(2, 20), (1, 10)]
    quiz.close(MONDAY)
    assert archive(quiz) == {"2026-W10": [(1, 1, 10)]}


def test_periods_begin_with_the_first_xp(quiz: Quiz) -> None:
    quiz.join(1)
    quiz.earn(1, 1, datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    quiz.earn(1, 1, NOON)
    with quiz.database.transaction(commit=False) as transaction:
        assert BOARDS.first_day(transaction, quiz.settings) == date(2026, 2, 28)
    quiz.close(MONDAY)
    assert list(archive(quiz)) == ["2026-02", "2026-W09", "2026-W10"]


def test_xp_that_comes_after_its_week_closed_counts_globally_and_breaks_nothing(quiz: Quiz) -> None:
    live_a_while(quiz)
    before = archive(quiz)
    quiz.earn(4, 7, NOON)  # had none
    quiz.earn(1, 1_000, NOON)
    quiz.earn(2, -5, NOON)
    quiz.close(MONDAY + HOUR)
    quiz.rank(MONDAY + HOUR)
    assert archive(quiz) == before
    assert quiz.violations("archived_scores_match_the_events").empty
    assert quiz.board("weekly") == [(None, user, 0) for user in (1, 2, 3, 4)]
    assert quiz.board("global") == [(1, 1, 1_050), (2, 3, 40), (3, 2, 35), (4, 4, 7)]
    late = quiz.query((PROJECT_ROOT / "sql/analytics/late_xp.sql").read_text())
    assert late["late_xp"].tolist() == [1_000, 7, -5]
    # The month is still open: it has all of it.
    quiz.close(datetime(2026, 4, 1, tzinfo=UTC))
    assert (1, 1, 1_050) in archive(quiz)["2026-03"]


def test_a_closing_that_missed_xp_is_found(quiz: Quiz, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Transaction.read

    def forget_one(db: Transaction, statement: str, /, **parameters: object) -> pd.DataFrame:
        found = read(db, statement, **parameters)
        return found.iloc[1:] if statement == "quiz/select_period_scores" else found

    monkeypatch.setattr(Transaction, "read", forget_one)
    live_a_while(quiz)
    assert len(quiz.violations("archived_scores_match_the_events")) == 1
