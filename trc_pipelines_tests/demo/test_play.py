"""The demo's made-up guild: played through the real jobs, the same every time."""

import multiprocessing
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.betting.jobs import JOBS
from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import create_engine
from trc_pipelines.demo import community_app as app
from trc_pipelines.demo.betting_app import BettingApp
from trc_pipelines.demo.community_app import HOUR, QUARTER, SELDOM, CommunityApp
from trc_pipelines.demo.play import Past, plan_moments, plan_ticks, play_history, play_pasts
from trc_pipelines.demo.quiz_app import QuizApp
from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.settings import DEMO_GUILD_ID, Settings, load_settings
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_RECALCULATION
from trc_pipelines_tests.databases import PooledDatabase
from trc_pipelines_tests.servers import create_database

FIRST_DAY = date(2026, 3, 3)
START = datetime(2026, 3, 3, tzinfo=UTC)
# Two nights, so that streaks are computed and carried on.
SLOTS = [START + number * SELDOM for number in range(14)]
END = SLOTS[-1]


def play_into(database: Database, slots: list[datetime]) -> int:
    """Create the community where there is none, play, and count the ticks that were played."""
    with Simulator(app.invent_population(), guild_id=DEMO_GUILD_ID) as simulator:
        settings = load_settings(
            database_url=database.url,
            community_start_on=FIRST_DAY,
            mee6_guild_id=DEMO_GUILD_ID,
            mee6_base_url=simulator.base_url,
            mee6_request_interval_seconds=0,
        )
        community = CommunityApp(database, simulator, FIRST_DAY, LEADERBOARD_RECALCULATION)
        after = community.create_users(END)
        ticks = [
            tick
            for tick in community.plan(after, END + app.LIVE_READINGS * QUARTER)
            if tick.until in slots
        ]
        return len(list(play_history(database, settings, community, after, ticks)))


# Without what tells when it was written, and by which run.
TABLES = {
    "accounts": "*",
    "point_ledger": "account_id, action, points, effective_at, source_key, metadata::text",
    "xp_deltas": "*",
    "daily_points": "*",
    "daily_streaks": "*",
    "leaderboard_rankings": "*",
}


def everything(database: Database) -> dict[str, pd.DataFrame]:
    """What the play left, by table."""
    engine = create_engine(database.url)
    try:
        return {
            table: pd.read_sql(
                f"SELECT {columns} FROM community.{table} ORDER BY 1, 2, 3, 4", engine
            )
            for table, columns in TABLES.items()
        }
    finally:
        engine.dispose()


def test_a_play_is_the_same_every_time(servers: dict[int, str]) -> None:
    played = [PooledDatabase(create_database(servers[18])) for _ in range(2)]
    for database in played:
        assert play_into(database, SLOTS) == len(SLOTS)
    first, second = (everything(database) for database in played)
    for table, rows in first.items():
        assert len(rows), table
        pd.testing.assert_frame_equal(rows, second[table])
    with played[0].transaction(commit=False) as transaction:
        assert [c.name for c in CHECKS if len(c.find_violations(transaction))] == []
    assert first["daily_streaks"]["current_streak"].max() == 2
    assert (first["point_ledger"]["points"] < 0).sum() == 0


def test_what_was_played_is_not_played_again() -> None:
    end = START + timedelta(days=3)
    slots = plan_moments(START - HOUR, end, SELDOM, QUARTER)
    assert slots[0] == START
    assert slots[-1] == end
    assert slots[1] - slots[0] == SELDOM
    assert slots[-1] - slots[-2] == QUARTER
    assert {START + timedelta(days=day) for day in range(4)} <= set(slots)
    assert plan_moments(end, end, SELDOM, QUARTER) == []
    assert plan_moments(slots[-3], end, SELDOM, QUARTER) == slots[-2:]


def test_a_long_absence_is_not_played_in_full(database: Database) -> None:
    play_into(database, SLOTS[:1])
    with Simulator(app.invent_population(), guild_id=DEMO_GUILD_ID) as simulator:
        community = CommunityApp(database, simulator, FIRST_DAY, LEADERBOARD_RECALCULATION)
        now = START + timedelta(days=300)
        after = community.create_users(now)
        ticks = community.plan(after, now)
    assert now - after == app.HISTORY
    assert ticks[-1].until == now - app.LIVE_READINGS * QUARTER


@pytest.mark.either
def test_pasts_are_played_at_once_each_in_a_process_of_its_own(
    database: Database, settings: Settings
) -> None:
    with QuizApp(database) as quiz, BettingApp(database, settings.trc_home / "media") as betting:
        after, now = START + timedelta(hours=10), START + timedelta(hours=14)
        for app in (quiz, betting):
            app.create_users(after)
        pasts = [Past(app, after, now) for app in (quiz, betting)]
        played = list(play_pasts(database, settings, pasts))
    assert sorted(played) == sorted(tick.until for past in pasts for tick in past.ticks)
    assert multiprocessing.active_children() == []
    with database.transaction(commit=False) as transaction:
        for statement in ("select_quiz_played_until", "select_betting_played_until"):
            until = transaction.read_value(f"demo/{statement}")
            assert now - timedelta(hours=1) < until <= now


@pytest.mark.either
def test_what_a_past_in_another_process_comes_to_ends_the_play(
    database: Database, settings: Settings
) -> None:
    with QuizApp(database) as quiz:
        quiz.create_users(START)
        past = Past(quiz, START, START + timedelta(hours=2))
        # A cut-over that was never recorded, in the middle of a history, is refused.
        decided = settings.model_copy(update={"quiz_cut_over_at": START})
        list(play_pasts(database, decided, [past]))
        with pytest.raises(JobError, match="QUIZ_CUT_OVER_AT is not set"):
            list(play_pasts(database, settings, [replace(past, after=past.now)]))
    assert multiprocessing.active_children() == []


@pytest.mark.either
def test_who_stops_looking_stops_the_play(database: Database, settings: Settings) -> None:
    with QuizApp(database) as quiz:
        quiz.create_users(START)
        played = play_pasts(database, settings, [Past(quiz, START, START + timedelta(days=9))])
        next(played)
        played.close()
    assert multiprocessing.active_children() == []


def test_of_the_past_what_runs_seldom_has_its_moment() -> None:
    ticks = plan_ticks(JOBS, START - timedelta(days=20), START)
    runs = Counter(job.name for tick in ticks for job, _ in tick.runs)
    assert runs["cleanup"] == runs["media_cleanup"] == 20
    assert runs["bankroll_reset"] == 3
    assert 20 * 8 < runs["game_settlement"] < 20 * 12


def test_members_are_founded_once_and_strangers_refused(database: Database) -> None:
    population = app.invent_population()
    with database.transaction() as transaction:
        assert app.create_members(transaction, population)
    with database.transaction() as transaction:
        assert not app.create_members(transaction, population)
        stranger = pd.DataFrame({"member_id": ["ann"], "subscription_status": ["ACTIVE"]})
        transaction.append("community.members", stranger)
    with (
        pytest.raises(JobError, match="1 user the demo did not make"),
        database.transaction() as t,
    ):
        app.create_members(t, population)


def test_the_community_has_members_of_every_kind() -> None:
    population = app.invent_population()
    members = app.invent_members(population)
    on_board = members["discord_id"].isin(population.discord_ids)
    assert on_board.sum() == app.LINKED
    assert members["discord_id"].isna().sum() == app.UNLINKED
    assert (~on_board & members["discord_id"].notna()).sum() == app.OFF_BOARD
    assert set(members["subscription_status"]) == set(app.STATUSES)
    assert members["subscription_status"].isin(["ACTIVE", "TRIALING"]).mean() > 0.75
    assert 0 < (~members["leaderboard_visible"]).sum() < 30
    assert members["member_id"].is_unique
    assert members["discord_id"].dropna().is_unique
