"""Whatever an app's ids look like, every job of quiz and betting comes to the same."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from trc_pipelines.betting import jobs as betting
from trc_pipelines.betting.checks import CHECKS as BETTING_CHECKS
from trc_pipelines.betting.corrections import (
    adjust_bankroll,
    resettle_game,
    restore_bankroll,
    work_by_hand,
)
from trc_pipelines.quiz import jobs as quiz
from trc_pipelines.quiz.checks import CHECKS as QUIZ_CHECKS
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.databases import lend_database
from trc_pipelines_tests.scenarios.test_dry_runs import upload_media
from trc_pipelines_tests.world import World

SUNDAY = datetime(2026, 3, 15, 12, tzinfo=UTC)
MONDAY = datetime(2026, 3, 16, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# Numbers that sort as their ids do, and are long enough to be told from any other figure.
SHAPES: dict[str, Callable[[int], str]] = {
    "uuid": "00000000-0000-4000-8000-{:012d}".format,
    "cuid": "cmf3k9xq80000l408{:07d}a".format,
    "bigint": lambda number: str(81_700_000 + number),
}

# `#7` is the id with the number 7.
APPS = """
INSERT INTO quiz.users (id, username, created_at, deleted_at) VALUES
('#1', 'p1', '2026-03-01Z', NULL), ('#2', 'p2', '2026-03-01Z', NULL),
('#3', 'p3', '2026-03-01Z', NULL), ('#4', 'p4', '2026-03-01Z', '2026-03-10Z');
INSERT INTO quiz.lives (user_id, current_lives, next_regen_at) VALUES
('#1', 1, '2026-03-15 11:00Z'), ('#2', 4, '2026-03-15 11:50Z'), ('#3', 2, NULL);
INSERT INTO quiz.player_progress
(user_id, xp, current_streak, longest_streak, protections_remaining, last_quiz_at, last_xp_at) VALUES
('#1', 30, 3, 3, 0, '2026-03-12 09:00Z', '2026-03-12 09:00Z'),
('#2', 20, 4, 6, 1, '2026-03-12 10:00Z', '2026-03-12 10:00Z'),
('#3', 10, 1, 1, 0, '2026-03-15 10:00Z', '2026-03-15 10:00Z');
INSERT INTO quiz.quiz_sessions (id, user_id, started_at, expires_at) VALUES
('#11', '#1', '2026-03-15 10:00Z', '2026-03-15 10:10Z'), ('#12', '#2', '2026-03-15 09:00Z', NULL),
('#13', '#3', '2026-03-15 11:58Z', '2026-03-15 12:08Z');
INSERT INTO quiz.xp_events (user_id, amount, earned_at, source, session_id) VALUES
('#1', 30, '2026-03-12 09:00Z', 'quiz', '#14'), ('#2', 20, '2026-03-12 10:00Z', 'quiz', '#15'),
('#3', 10, '2026-03-15 10:00Z', 'quiz', '#16'), ('#4', 90, '2026-03-09 10:00Z', 'quiz', '#17');

INSERT INTO betting.users (id, username, referral_count, created_at, deleted_at) VALUES
('#21', 'u1', 1, '2026-02-01Z', NULL), ('#22', 'u2', 0, '2026-02-01Z', NULL),
('#23', 'u3', 0, '2026-02-01Z', NULL), ('#24', 'u4', 0, '2026-02-01Z', '2026-03-10Z');
UPDATE betting.users SET avatar_url = 'avatars/1' WHERE id = '#21';
INSERT INTO betting.bankrolls (user_id, balance) VALUES
('#21', 100000), ('#22', 90000), ('#23', 4000), ('#24', 70000);
INSERT INTO betting.games
(id, sport, home_team, away_team, commence_time, status, home_score, away_score, completed_at) VALUES
('g1', 'NFL', 'Hawks', 'Owls', '2026-03-15 07:00Z', 'completed', 21, 14, '2026-03-15 10:00Z'),
('g2', 'NBA', 'Bears', 'Foxes', '2026-03-14 07:00Z', 'completed', 80, 90, '2026-03-14 10:00Z'),
('g3', 'NBA', 'Bears', 'Owls', '2026-03-14 08:00Z', 'cancelled', NULL, NULL, '2026-03-14 11:00Z'),
('g4', 'NBA', 'Foxes', 'Owls', '2026-03-20 08:00Z', 'scheduled', NULL, NULL, NULL);
INSERT INTO betting.bets
(id, user_id, game_id, bet_type, bet_details, stake, odds, is_tail, is_fade, original_pick_id, created_at)
VALUES
('#31', '#21', 'g1', 'moneyline', '{"team": "Hawks"}', 10000, -110, FALSE, FALSE, NULL, '2026-03-14 01:00Z'),
('#32', '#22', 'g1', 'moneyline', '{"team": "Hawks"}', 2000, -110, TRUE, FALSE, '#51', '2026-03-14 02:00Z'),
('#33', '#23', 'g1', 'moneyline', '{"team": "Owls"}', 3000, 120, FALSE, TRUE, '#51', '2026-03-14 03:00Z'),
('#34', '#21', 'g2', 'moneyline', '{"team": "Foxes"}', 1000, 150, FALSE, FALSE, NULL, '2026-03-13 01:00Z'),
('#35', '#22', 'g2', 'moneyline', '{"team": "Bears"}', 400, -110, FALSE, FALSE, NULL, '2026-03-13 02:00Z'),
('#36', '#23', 'g2', 'moneyline', '{"team": "Bears"}', 2500, 100, FALSE, FALSE, NULL, '2026-03-13 03:00Z'),
('#37', '#22', 'g3', 'moneyline', '{"team": "Bears"}', 500, 100, FALSE, FALSE, NULL, '2026-03-13 04:00Z'),
('#38', '#21', 'g4', 'moneyline', '{"team": "Owls"}', 500, 100, FALSE, FALSE, NULL, '2026-03-13 05:00Z');
INSERT INTO betting.pick_actions (id, post_id, user_id, action_type, resulting_bet_id) VALUES
('#41', '#51', '#22', 'tail', '#32'), ('#42', '#51', '#23', 'fade', '#33');
INSERT INTO betting.posts (id, user_id, post_type, bet_id, media_url, created_at, deleted_at) VALUES
('#51', '#21', 'pick', '#31', NULL, '2026-03-14 01:10Z', NULL),
('#52', '#22', 'content', NULL, 'posts/1', '2026-03-15 11:00Z', NULL),
('#53', '#23', 'content', NULL, 'posts/2', '2026-03-13 11:00Z', NULL),
('#54', '#23', 'content', NULL, NULL, '2026-01-13 11:00Z', '2026-01-14Z'),
('#55', '#22', 'content', NULL, NULL, '2026-01-13 12:00Z', '2026-01-15Z');
INSERT INTO betting.stories (id, user_id, created_at) VALUES
('#61', '#21', '2026-03-13 01:00Z'), ('#62', '#22', '2026-03-15 11:30Z');
INSERT INTO betting.chats (id, settings) VALUES ('#71', '{"expiration_hours": 1}');
INSERT INTO betting.chat_members (chat_id, user_id, joined_at) VALUES
('#71', '#21', '2026-02-01Z'), ('#72', '#22', '2026-02-01Z');
INSERT INTO betting.messages (id, chat_id, user_id, created_at) VALUES
('#81', '#71', '#21', '2026-03-15 10:30Z'), ('#82', '#71', '#22', '2026-03-15 11:45Z'),
('#83', '#72', '#22', '2026-03-15 10:31Z');
INSERT INTO betting.comments (id, post_id, user_id, body, created_at) VALUES
('#91', '#52', '#21', 'nice', '2026-03-15 11:10Z'), ('#92', '#53', '#21', 'nice', '2026-03-13 12:00Z'),
('#93', '#59', '#21', 'of a post that is gone', '2026-02-13 12:00Z');
INSERT INTO betting.reports (id, content_type, content_id, reported_by) VALUES ('#95', 'post', '#55', '#21');
INSERT INTO betting.reactions (content_type, content_id, user_id, created_at) VALUES
('post', '#52', '#21', '2026-03-15Z'), ('post', '#59', '#21', '2026-02-15Z'),
('story', '#69', '#22', '2026-02-16Z');
INSERT INTO betting.story_views (story_id, user_id, created_at) VALUES
('#61', '#22', '2026-03-13Z'), ('#69', '#22', '2026-02-13Z');
INSERT INTO betting.message_reads (message_id, user_id, created_at) VALUES
('#82', '#21', '2026-03-15Z'), ('#89', '#21', '2026-02-15Z');
INSERT INTO betting.media_orphans (object_key, first_seen_at, last_seen_at) VALUES
('posts/9', '2026-03-14 04:00Z', '2026-03-15 04:00Z');
INSERT INTO betting.notifications (id, user_id, type, created_at) VALUES
('#98', '#21', 'x', '2026-01-15Z'), ('#99', '#22', 'x', '2026-03-15Z');
"""
RUNS = [
    (betting.GAME_SETTLEMENT, SUNDAY), (betting.STATS_ROLLUP, SUNDAY), (betting.BADGE_CALCULATION, SUNDAY),
    (betting.CONTENT_EXPIRATION, SUNDAY), (quiz.LIFE_REGENERATION, SUNDAY), (quiz.SESSION_CLEANUP, SUNDAY),
    (LEADERBOARD_RECALCULATION, SUNDAY), (quiz.QUIZ_STREAK_UPDATE, MONDAY), (betting.BANKROLL_RESET, MONDAY),
    (LEADERBOARD_WEEKLY_RESET, MONDAY + MINUTE), (betting.BADGE_CALCULATION, MONDAY + HOUR),
    (betting.CLEANUP, MONDAY + 3 * HOUR), (betting.MEDIA_CLEANUP, MONDAY + 4 * HOUR),
]  # fmt: skip
# Made of ids, or numbers of the server.
ELSEWHERE = "{digest,version,transaction_id,folded_digest,open_digest}"
# What differs from run to run: keys that are drawn, and times by the clock, which have microseconds.
OWN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:]+\.\d+")
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) AS name
FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.relkind = 'r' AND n.nspname IN ('quiz', 'betting', 'leaderboards')
ORDER BY 1
"""


def live(world: World, number_to_id: Callable[[int], str]) -> list[str]:
    """Run every job; what they say and what is in the tables, with numbers for ids."""
    ids = {number_to_id(number): f"#{number}" for number in range(100)}
    world.execute(re.sub(r"#(\d+)", lambda found: number_to_id(int(found[1])), APPS))
    upload_media(world, MONDAY)
    told = []
    for job, at in RUNS:
        done = world.run(job, at)
        assert sum(result.affected for result in done.values()), str(done)
        told.append(str(done))
    world.execute(
        "UPDATE betting.games SET home_score = 7 WHERE id = 'g1'; "
        f"UPDATE betting.bankrolls SET balance = 1 WHERE user_id = '{number_to_id(22)}'"
    )
    with work_by_hand(
        world.database, world.settings, done_by="x", dry_run=False, now=MONDAY + 5 * HOUR
    ) as work:
        told += [
            restore_bankroll(work, number_to_id(22), "why"),
            resettle_game(work, "g1", "why"),
            adjust_bankroll(work, number_to_id(21), 500, "promotion", "why", "raffle"),
        ]
    told += [str(world.run(betting.STATS_ROLLUP, MONDAY + 6 * HOUR))]
    with world.database.transaction(commit=False) as transaction:
        for check in QUIZ_CHECKS + BETTING_CHECKS:
            assert check.find_violations(transaction).empty, check.name
    rows = []
    for table in [*world.query(TABLES)["name"], "operations.domain_events"]:
        found = world.query(f"SELECT (to_jsonb(t) - '{ELSEWHERE}'::text[])::text FROM {table} AS t")
        rows += [f"{table}: {row}" for row in found.iloc[:, 0]]
    known = re.compile("|".join(map(re.escape, ids)))
    with_numbers = [
        OWN.sub("its own", known.sub(lambda found: ids[found[0]], line)) for line in told + rows
    ]
    return with_numbers[: len(told)] + sorted(with_numbers[len(told) :])


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """On 18 alone: what ids are has nothing to do with the server."""
    with lend_database(request, 18) as url:
        yield url


def test_every_job_comes_to_the_same_with_ids_of_any_shape(
    world: World, request: pytest.FixtureRequest
) -> None:
    results = {"uuid": live(world, SHAPES["uuid"])}
    assert len(results["uuid"]) > 150
    assert "#21" in "".join(results["uuid"])
    for shape in ("cuid", "bigint"):
        with lend_database(request, 18) as url:
            database = replace(world.database, url=url)
            settings = world.settings.model_copy(update={"database_url": url})
            other = World(database, settings, world.simulator)
            results[shape] = live(other, SHAPES[shape])
        assert results[shape] == results["uuid"]
