"""A rehearsal of any job tells what the real run then does, and leaves nothing behind."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.betting.jobs import GAME_SETTLEMENT
from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines.database.embedded import client_program
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import dry_run_jobs
from trc_pipelines_tests.catalogue import JOBS, JOBS_OF_ALL, LEADERBOARD_RECALCULATION
from trc_pipelines_tests.databases import close_connections, remove_database
from trc_pipelines_tests.servers import create_database, once
from trc_pipelines_tests.world import World, board

# What is tried is that a rehearsal is rolled back and tells the same; statements run on both elsewhere.
pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINKED = {f"m{i}": 1000 + i for i in range(8)}


def dump(world: World) -> str:
    url = make_url(world.database.url).set(drivername="postgresql")
    # The newer program reads the older server too.
    text = subprocess.run(
        [client_program("pg_dump"), "--restrict-key=same", url.render_as_string(False)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # A number that was drawn is not given back by a rollback: gaps in keys are no effect.
    return "\n".join(line for line in text.splitlines() if "pg_catalog.setval(" not in line)


@pytest.fixture
def lived_in(
    world: World, servers: dict[int, str], shared_folder: Path, request: pytest.FixtureRequest
) -> Iterator[World]:
    """A fortnight with everything in it and something for every job still to do."""
    version = request.node.callspec.params["database_url"]

    def make() -> None:
        change_database(world, create_database(servers[version], name="lived_in"))
        live(world)
        close_connections(world.database.url)

    once(shared_folder / f"{version}.lived_in", make)
    change_database(world, create_database(servers[version], "lived_in"))
    world.simulator.board = board(xp_on(13, more=333))
    upload_media(world, MONDAY + 14 * DAY)
    yield world
    remove_database(world.database.url)


def change_database(world: World, url: str) -> None:
    world.database = replace(world.database, url=url)
    world.settings = world.settings.model_copy(update={"database_url": url})


def xp_on(day: int, more: int = 0) -> dict[int, int]:
    return {
        account: 1000 + 170 * day + account % 7 * 30 * day + more for account in LINKED.values()
    }


def live(world: World) -> None:
    world.link(LINKED)
    for day in range(14):
        world.sync(MONDAY + day * DAY + 9 * HOUR, xp_on(day))
        if day:
            world.run(DAILY_STREAKS, MONDAY + day * DAY + 10 * HOUR)
    world.run(LEADERBOARD_RECALCULATION, MONDAY + 13 * DAY + 10 * HOUR)
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"SELECT member_id, 'resource_download', 5, '{MONDAY + 13 * DAY + 12 * HOUR}' "
        "FROM community.members"
    )
    live_in_the_apps(world, MONDAY + 14 * DAY)


def live_in_the_apps(world: World, now: datetime) -> None:
    """Something for every job of quiz and betting app to do."""
    user = "00000000-0000-0000-0000-000000000001"
    day_ago, month_ago = now - DAY, now - 31 * DAY
    world.execute(
        f"""
        INSERT INTO quiz.users (id, username) VALUES ('{user}', 'u');
        INSERT INTO quiz.lives (user_id, current_lives, next_regen_at) VALUES ('{user}', 1, '{day_ago}');
        INSERT INTO quiz.player_progress (user_id, xp, current_streak, last_quiz_at, last_xp_at)
        VALUES ('{user}', 5, 3, '{now - 9 * DAY}', '{day_ago}');
        INSERT INTO quiz.quiz_sessions (id, user_id, started_at) VALUES ('{user}', '{user}', '{day_ago}');
        INSERT INTO quiz.quiz_sessions (id, user_id, started_at, status)
        VALUES ('earlier', '{user}', '{now - 3 * DAY}', 'completed');
        INSERT INTO quiz.xp_events (user_id, amount, earned_at, source)
        VALUES ('{user}', 5, '{day_ago}', 'q');
        INSERT INTO betting.users (id, created_at, avatar_url) VALUES ('{user}', '{month_ago}', 'avatars/1');
        INSERT INTO betting.bankrolls (user_id) VALUES ('{user}');
        INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, home_score,
            away_score, completed_at)
        VALUES ('old', 'NFL', 'Hawks', 'Owls', '{now - 2 * DAY}', 'completed', 3, 1, '{day_ago}'),
            ('new', 'NFL', 'Hawks', 'Owls', '{day_ago}', 'completed', 3, 1, '{now}');
        INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at)
        SELECT gen_random_uuid(), '{user}', g.id, 'moneyline', '{{"team": "Hawks"}}', 1000, 100,
            '{now - 3 * DAY}' FROM betting.games AS g;
        INSERT INTO betting.posts (id, user_id, created_at, media_url)
        VALUES (gen_random_uuid(), '{user}', '{now}', 'posts/1'),
            (gen_random_uuid(), '{user}', '{day_ago - HOUR}', 'posts/2');
        INSERT INTO betting.notifications (user_id, type, created_at) VALUES ('{user}', 'x', '{month_ago}');
        INSERT INTO betting.media_orphans (object_key, first_seen_at, last_seen_at)
        VALUES ('posts/9', '{now - 2 * DAY}', '{day_ago}');
        """
    )
    world.run(GAME_SETTLEMENT, day_ago)


def upload_media(world: World, now: datetime) -> None:
    """Files of the betting app, as old as those of its first users."""
    month_ago = now - 31 * DAY
    for name in ("avatars/1", "posts/1", "posts/2", "posts/9"):
        path = world.settings.trc_home / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (month_ago.timestamp(), month_ago.timestamp()))


def due(world: World, job_name: str) -> datetime:
    """A moment at which the job has something to do."""
    if job_name in ("leaderboard_weekly_reset", "leaderboard_monthly_reset"):
        return MONDAY + 16 * DAY
    if job_name == "housekeeping":
        return MONDAY + 60 * DAY
    return MONDAY + 14 * DAY + HOUR


@pytest.mark.parametrize(
    "job",
    # A board has no dump; a week of last spring is no news (reports/test_weekly_post.py tries that one).
    [j for j in JOBS if j.name not in ("leaderboard_cache", "weekly_post")],
    ids=lambda j: j.name,
)
def test_a_rehearsal_tells_what_the_run_then_does_and_leaves_the_dump_as_it_was(
    lived_in: World, job
) -> None:
    moment = due(lived_in, job.name)
    before = dump(lived_in)
    rehearsed = lived_in.run(job, moment, dry_run=True)
    assert dump(lived_in) == before
    assert lived_in.run(job, moment) == rehearsed
    assert sum(result.affected for result in rehearsed.values()) > 0
    assert dump(lived_in) != before


def place_bets(world: World, now: datetime) -> None:
    """Three users with bets on games that are over; badges and statistics depend on their settlement."""
    for number in range(1, 4):
        user = f"00000000-0000-0000-0000-00000000000{number + 1}"
        world.execute(
            f"""
            INSERT INTO betting.users (id, created_at) VALUES ('{user}', '{now - 9 * DAY}');
            INSERT INTO betting.bankrolls (user_id) VALUES ('{user}');
            INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at)
            SELECT gen_random_uuid(), '{user}', 'new', 'moneyline', '{{"team": "Hawks"}}', 1000, 100,
                '{now - 3 * DAY}' FROM generate_series(1, {number});
            """
        )


def rehearsed_and_run(world: World, moment: datetime) -> tuple[dict, dict]:
    """What a rehearsal of all jobs tells, and what each then does."""
    options = Options(as_of=moment, now=moment, run_id="rehearsal", executed_by="test")
    rehearsal = dry_run_jobs(world.database, world.settings, JOBS_OF_ALL, options)
    rehearsed = {one.job.name: one.results for one in rehearsal}
    return rehearsed, {job.name: world.run(job, moment) for job in JOBS_OF_ALL}


def test_a_rehearsal_of_all_tells_what_the_run_of_all_then_does(world: World) -> None:
    moment = MONDAY + 14 * DAY + HOUR
    live_in_the_apps(world, MONDAY + 14 * DAY)
    upload_media(world, MONDAY + 14 * DAY)
    place_bets(world, MONDAY + 14 * DAY)
    before = dump(world)
    options = Options(as_of=moment, now=moment, run_id="rehearsal", executed_by="test")
    list(dry_run_jobs(world.database, world.settings, JOBS_OF_ALL, options))
    assert dump(world) == before
    rehearsed, done = rehearsed_and_run(world, moment)
    assert rehearsed == done
    assert rehearsed["game_settlement"]["betting.game_settlements"].affected == 7
    assert rehearsed["stats_rollup"]["betting.user_stats"].details["users_looked_at"] == 4
    assert rehearsed["badge_calculation"]["betting.user_badges"].affected > 0
    assert rehearsed["badge_calculation"]["betting.user_effect_access"].affected > 0
