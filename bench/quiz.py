"""The quiz's jobs with as much to do as there can be: everybody at once."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bench.community import only
from bench.measure import Figure
from bench.ratios import Task, measure_task
from bench.server import Server
from trc_pipelines.quiz.jobs import LIFE_REGENERATION, QUIZ_STREAK_UPDATE, SESSION_CLEANUP
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION, LEADERBOARD_WEEKLY_RESET

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
EVENTS = (
    "INSERT INTO operations.domain_events (epoch, event_type, dedupe_key, payload, occurred_at, run_id) "
    "SELECT 0, 'Bench', 'Bench:' || {key}, {payload}, now(), 'bench' FROM {table}"
)


def measure_quiz(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure every job of the quiz, for so many players."""
    for task in tasks(size):
        yield from measure_task(server, task, repetitions)


def tasks(size: int) -> Iterator[Task]:
    """List the tasks: lives, streaks and sessions of all, and boards new, after a tenth played, closed."""
    players = f"SELECT md5(n::text)::uuid AS id, n FROM generate_series(1, {size}) AS g (n)"
    users = f"INSERT INTO quiz.users (id, username) SELECT id, 'p' || n FROM ({players}) AS p"
    yield Task(
        f"lives of {size:,} players, all due",
        LIFE_REGENERATION,
        NOON,
        [
            "INSERT INTO quiz.lives (user_id, current_lives, next_regen_at) SELECT id, n % 5, "
            f"'{NOON}'::timestamptz - n % 1800 * interval '1 second' FROM ({players}) AS p"
        ],
        (),
        [
            "UPDATE quiz.lives SET current_lives = current_lives + 1, last_regen_at = now(), "
            "next_regen_at = next_regen_at + interval '30 minutes', updated_at = now()",
            "INSERT INTO quiz.life_regenerations (user_id, regenerated_at, lives_added, new_total, run_id) "
            f"SELECT user_id, '{NOON}', 1, current_lives, 'bench' FROM quiz.lives",
            EVENTS.format(
                key="user_id",
                payload="jsonb_build_object('user_id', user_id, 'lives_added', 1, 'new_total', current_lives)",
                table="quiz.lives",
            ),
        ],
    )
    yield Task(
        f"streaks of {size:,} players, all overdue",
        QUIZ_STREAK_UPDATE,
        NOON,
        [
            "INSERT INTO quiz.player_progress (user_id, current_streak, protections_remaining, last_quiz_at) "
            f"SELECT id, 1 + n % 50, n % 3, '{NOON}'::timestamptz - interval '3 days' FROM ({players}) AS p"
        ],
        (),
        [
            "UPDATE quiz.player_progress SET current_streak = CASE WHEN protections_remaining = 0 THEN 0 "
            "ELSE current_streak END, protections_remaining = greatest(protections_remaining - 1, 0), "
            "updated_at = now()",
            "INSERT INTO quiz.streak_evaluations (user_id, evaluated_on, outcome, streak_before, "
            "protections_left, last_quiz_at, run_id) SELECT user_id, '2026-03-04', 'broken', 5, 0, "
            "last_quiz_at, 'bench' FROM quiz.player_progress",
            EVENTS.format(
                key="user_id",
                payload="jsonb_build_object('user_id', user_id, 'previous_streak', 5, 'last_quiz_at', last_quiz_at)",
                table="quiz.player_progress",
            ),
        ],
    )
    yield Task(
        f"{size:,} sessions, all expired",
        SESSION_CLEANUP,
        NOON,
        [
            "INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) SELECT id, id, "
            f"'{NOON}'::timestamptz - interval '1 hour', '{NOON}'::timestamptz - n % 3000 * interval '1 second' "
            f"FROM ({players}) AS p"
        ],
        (),
        [
            f"UPDATE quiz.quiz_sessions SET status = 'expired', completed_at = '{NOON}'",
            EVENTS.format(
                key="id",
                payload="jsonb_build_object('session_id', id, 'user_id', user_id, 'reason', 'expired', "
                "'expired_at', completed_at)",
                table="quiz.quiz_sessions",
            ),
        ],
    )
    earned = (
        "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source, session_id) SELECT id, 10 + n % 90, "
        f"'{NOON}'::timestamptz - n % 200000 * interval '1 second', 'quiz', id FROM ({players}) AS p"
    )
    progress = (
        "INSERT INTO quiz.player_progress (user_id, xp, last_xp_at) SELECT id, n % 5000, "
        f"'{NOON}'::timestamptz - n % 200000 * interval '1 second' FROM ({players}) AS p"
    )
    boards = only(LEADERBOARD_RECALCULATION, "quiz.")
    ranked = (
        "INSERT INTO quiz.leaderboard_rankings (board, user_id, rank, score, reached_at, ranked_at) "
        "SELECT b.board, p.user_id, row_number() OVER (PARTITION BY b.board ORDER BY p.xp DESC), "
        "1 + p.xp, p.last_xp_at, '{at}' FROM quiz.player_progress AS p "
        "CROSS JOIN (VALUES ('global'), ('weekly'), ('monthly')) AS b (board)"
    )
    yield Task(
        f"three boards of {size:,} players, for the first time",
        boards,
        NOON,
        [users, earned, progress],
        (),
        [ranked.format(at=NOON)],
    )
    yield Task(
        f"three boards of {size:,} players, all ranks changed",
        boards,
        NOON,
        [users, earned, progress, ranked.format(at="2026-03-04 11:00Z")],
        (),
        [
            "UPDATE quiz.leaderboard_rankings SET rank = rank + 10000000, score = score + 1, "
            "reached_at = now(), ranked_at = now()"
        ],
        # The bare update is given ranks and scores, which the job adds up and sorts first, three times.
        aim=2.4,
    )
    yield Task(
        f"a week of {size:,} players is closed",
        only(LEADERBOARD_WEEKLY_RESET, "quiz."),
        MONDAY,
        [users, earned],
        ["SELECT user_id, amount, earned_at FROM quiz.xp_events"],
        [
            "INSERT INTO quiz.counted_xp (board, period_start, member_id, events, score, reached_at) "
            "SELECT 'weekly', '2026-03-02', user_id, 1, amount, earned_at FROM quiz.xp_events",
            "INSERT INTO leaderboards.archived_rankings (domain, board, period_start, rank, member_id, score, "
            "reached_at) SELECT 'quiz', 'weekly', '2026-03-02', row_number() OVER (ORDER BY amount DESC), "
            "user_id, amount, earned_at FROM quiz.xp_events",
        ],
    )
