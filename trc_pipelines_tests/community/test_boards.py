"""Boards of the newest day from running totals are those from days; how boards are kept, and for how long."""

import random
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import psycopg2
import pytest
import sqlalchemy.exc
from sqlalchemy.engine import make_url

from trc_pipelines.calendar import board_starts
from trc_pipelines.community.steps import leaderboard_rankings as step
from trc_pipelines_tests.catalogue import CHECKS, HOUSEKEEPING, LEADERBOARD_RECALCULATION
from trc_pipelines_tests.world import World

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

DAY = timedelta(days=1)
# A Wednesday in the first week of a month: both periods begin within a few days.
TODAY = date(2026, 4, 1)
BOARDS = (
    "SELECT board, rank, member_id, score, reached_at, period_start "
    "FROM community.leaderboard_rankings WHERE day = '{}' ORDER BY board, rank"
)
VERSIONS = "SELECT board, members, version FROM leaderboards.boards WHERE domain = 'community'"


def at(day: date, hour: float = 12) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)


def post(world: World, entries: pd.DataFrame) -> None:
    """Entries of the ledger, of one batch: member, points, action, effective_at."""
    values = ", ".join(
        f"('{row.member}', {row.points}, '{row.action}', timestamptz '{row.effective_at}')"
        for row in entries.itertuples()
    )
    world.execute(
        f"WITH e (member_id, points, action, at) AS (VALUES {values}), "
        "i AS (INSERT INTO community.point_ledger (account_id, action, points, effective_at, "
        "effective_on, source_key, metadata, run_id) "
        "SELECT a.account_id, e.action, e.points, e.at, (e.at AT TIME ZONE 'UTC')::date, "
        "gen_random_uuid()::text, '{}', 'test' FROM e JOIN community.accounts AS a "
        "ON e.member_id = a.member_id AND (abs(e.points) % 2 = 0) = (a.discord_id IS NULL) "
        "RETURNING effective_on) "
        "SELECT community.mark_days_stale(array_agg(DISTINCT effective_on)) FROM i"
    )


def some_entries(chance: random.Random, last_day: date, size: int) -> pd.DataFrame:
    """Some of the last two months, some late, some of the last minute or the first of a period."""
    days = [chance.choice([0, 0, 0, 1, 2, 3, 9, 33, 60]) for _ in range(size)]
    return pd.DataFrame(
        {
            "member": [f"m{chance.randrange(25)}" for _ in days],
            "points": [chance.choice([1, 2, 3, 5, 5, -1, -2, -5]) for _ in days],
            "action": [chance.choice(["intro_completed"] * 3 + ["admin_adjustment"]) for _ in days],
            "effective_at": [
                at(last_day - ago * DAY, chance.choice([0, 6, 6, 12, 23.99])) for ago in days
            ],
        }
    )


@pytest.fixture
def crowd(world: World) -> World:
    """Members with two accounts each; some hide, some left."""
    world.execute(
        "INSERT INTO community.members (member_id, discord_id, subscription_status, leaderboard_visible) "
        "SELECT 'm' || n, n + 1, CASE WHEN n % 10 = 3 THEN 'CANCELLED' ELSE 'ACTIVE' END, n % 10 <> 4 "
        "FROM generate_series(0, 24) AS n; "
        "INSERT INTO community.accounts (member_id, discord_id) "
        "SELECT 'm' || n, d FROM generate_series(0, 24) AS n "
        "CROSS JOIN LATERAL (VALUES (n + 1), (NULL)) AS a (d)"
    )
    return world


def rank(world: World, day: date) -> str:
    [result] = [
        result
        for table, result in world.run(LEADERBOARD_RECALCULATION, at(day, 23.995)).items()
        if table == "community.leaderboard_rankings"
    ]
    return result.message


def broken_checks(world: World) -> list[str]:
    with world.database.transaction(commit=False) as transaction:
        return [
            check.name
            for check in CHECKS
            if check.table.startswith("community.") and not check.find_violations(transaction).empty
        ]


def is_from_totals(world: World, day: date) -> bool:
    since = min(filter(None, board_starts(day).values()))
    with world.database.transaction(commit=False) as transaction:
        return bool(transaction.read_value("community/has_running_totals", day=day, since=since))


@pytest.mark.parametrize("seed", range(3))
def test_boards_from_running_totals_are_those_from_days(
    crowd: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    for day in pd.date_range(TODAY - 3 * DAY, TODAY + chance.randrange(7) * DAY).date:
        for size in (3, 30):
            post(crowd, some_entries(chance, day, size))
        rank(crowd, day)
        assert is_from_totals(crowd, day)
        assert broken_checks(crowd) == []
        from_totals = crowd.query(BOARDS.format(day)), crowd.query(VERSIONS)
        with monkeypatch.context() as patched:
            patched.setattr(step, "TOTALLED", set())
            rank(crowd, day)
        from_days = crowd.query(BOARDS.format(day)), crowd.query(VERSIONS)
        for one, other in zip(from_totals, from_days, strict=True):
            pd.testing.assert_frame_equal(one, other)
        assert set(from_days[0]["board"]) <= {"global", "weekly", "monthly"}
        assert len(from_days[0])


def test_a_late_entry_moves_the_balance_and_no_later_period(crowd: World) -> None:
    monday, before = TODAY + 5 * DAY, TODAY + 4 * DAY  # of the same month
    entries = pd.DataFrame(
        [("m1", 5, "gift", at(monday)), ("m1", 2, "gift", at(before)), ("m2", 3, "gift", at(before))],
        columns=["member", "points", "action", "effective_at"],
    )  # fmt: skip
    post(crowd, entries.iloc[[0]])
    post(crowd, entries.iloc[1:])
    sums = crowd.query(
        "SELECT member_id, total, week_start, week_points, week_at, month_points "
        "FROM community.member_points ORDER BY member_id"
    )
    assert sums["total"].tolist() == [7, 3]
    assert sums["week_start"].tolist() == [monday, before - 6 * DAY]
    assert sums["week_points"].tolist() == [5, 3]
    assert sums["week_at"].tolist() == [at(monday), at(before)]
    assert sums["month_points"].tolist() == [7, 3]
    rank(crowd, monday)
    weekly = crowd.query(BOARDS.format(monday)).query("board == 'weekly'")
    assert list(zip(weekly["member_id"], weekly["score"], strict=True)) == [("m1", 5)]


def test_a_day_after_which_something_counts_is_ranked_from_days(crowd: World) -> None:
    chance = random.Random(1)
    post(crowd, some_entries(chance, TODAY, 20))
    rank(crowd, TODAY)
    before = crowd.query(BOARDS.format(TODAY))
    post(
        crowd,
        some_entries(chance, TODAY + DAY, 20).query(f"effective_at >= '{at(TODAY + DAY, 0)}'"),
    )
    assert not is_from_totals(crowd, TODAY)
    rank(crowd, TODAY)
    pd.testing.assert_frame_equal(crowd.query(BOARDS.format(TODAY)), before)


def test_entries_of_days_that_do_not_count_are_on_no_board_of_a_period(crowd: World) -> None:
    crowd.settings = crowd.settings.model_copy(update={"community_start_on": TODAY})
    post(crowd, some_entries(random.Random(2), TODAY, 40))
    rank(crowd, TODAY)
    assert not is_from_totals(crowd, TODAY), "Monday is of this week and was never computed"
    scores = crowd.query(
        "SELECT sum(score)::bigint AS score FROM community.leaderboard_rankings WHERE board = 'weekly'"
    )["score"].iat[0]
    assert (
        scores
        == crowd.query(
            "SELECT sum(points)::bigint AS points FROM community.daily_points AS p "
            "JOIN community.members AS m ON p.member_id = m.member_id AND m.leaderboard_visible "
            f"AND m.subscription_status = 'ACTIVE' WHERE p.day = '{TODAY}'"
        )["points"].iat[0]
    )


def test_who_reads_while_boards_are_exchanged_sees_the_old_ones_and_waits_for_nobody(
    crowd: World,
) -> None:
    url = make_url(crowd.database.url).set(drivername="postgresql")
    chance = random.Random(3)
    post(crowd, some_entries(chance, TODAY, 40))
    rank(crowd, TODAY)
    old = crowd.query(BOARDS.format(TODAY))
    post(crowd, some_entries(chance, TODAY, 40).assign(points=6))
    reader = psycopg2.connect(url.render_as_string(hide_password=False))
    reader.autocommit = True
    with reader.cursor() as cursor:
        cursor.execute("SET statement_timeout = '60s'; SET lock_timeout = '10ms'")

        def seen() -> list[tuple]:
            cursor.execute(
                "SELECT board, rank, member_id, score FROM community.current_leaderboards "
                "ORDER BY board, rank"
            )
            return cursor.fetchall()

        def rows(boards: pd.DataFrame) -> list[tuple]:
            names = ["board", "rank", "member_id", "score"]
            return list(boards[names].itertuples(index=False, name=None))

        with crowd.database.transaction() as transaction:
            transaction.execute("community/delete_rankings", first_day=TODAY, last_day=TODAY)
            starts = board_starts(TODAY)
            transaction.execute(
                "community/rank_newest_day",
                day=TODAY, week_start=starts["weekly"], month_start=starts["monthly"],
            )  # fmt: skip
            assert seen() == rows(old)
        new = crowd.query(BOARDS.format(TODAY))
        assert seen() == rows(new) != rows(old)
    reader.close()


# What is kept

PAGES = """
    INSERT INTO community.ranking_pages
    SELECT d::date, b.board, min(n), CASE b.board WHEN 'weekly' THEN date_trunc('week', d)::date END,
        array_agg(n ORDER BY n), array_agg(5000 - n ORDER BY n), array_agg(d ORDER BY n)
    FROM generate_series(timestamp '{first}', timestamp '{last}', interval '1 day') AS d
    CROSS JOIN (VALUES ('global'), ('weekly')) AS b (board)
    CROSS JOIN generate_series(1, 1500) AS n GROUP BY d, b.board, (n - 1) / 1000
"""
SIZES = (
    "SELECT day, count(*) AS ranks FROM community.leaderboard_rankings GROUP BY day ORDER BY day"
)


def sizes(world: World) -> dict[date, int]:
    frame = world.query(SIZES)
    return dict(zip(frame["day"], frame["ranks"], strict=True))


def test_boards_stay_whole_for_35_days_and_as_each_week_ended_and_then_the_first_thousand(
    world: World,
) -> None:
    monday = date(2026, 3, 2)
    world.execute(
        "INSERT INTO community.accounts (account_id, member_id) OVERRIDING SYSTEM VALUE "
        "SELECT n, 'm' || n FROM generate_series(1, 1500) AS n"
    )
    # The second week ended on a Thursday: nothing was ranked afterwards.
    for first, last in ((monday, monday + 10 * DAY), (monday + 14 * DAY, monday + 60 * DAY)):
        world.execute(PAGES.format(first=first, last=last))
    before = sizes(world)
    assert set(before.values()) == {3000}
    now = at(monday + 61 * DAY)
    removed = world.run(HOUSEKEEPING, now)["operations.purges"].details["ranks"]
    after = sizes(world)
    kept_from = monday + 26 * DAY
    whole = {day for day, ranks in after.items() if ranks == 3000}
    week_ends = {monday + n * DAY for n in (6, 10, 20)}
    assert whole == week_ends | {day for day in before if day >= kept_from}
    assert {after[day] for day in before.keys() - whole} == {2000}
    assert removed == sum(before.values()) - sum(after.values())
    tops = world.query(
        "SELECT max(rank) AS rank FROM community.leaderboard_rankings GROUP BY day, board"
    )
    assert set(tops["rank"]) == {1000, 1500}
    # Movement is among those that are kept.
    moved = world.query(
        f"SELECT count(*), count(movement) AS known FROM community.rank_movement "
        f"WHERE day = '{monday + 6 * DAY}' AND board = 'global'"
    )
    assert moved.to_dict("records") == [{"count": 1500, "known": 1000}]
    # A day that is ranked once more is thinned like any other.
    world.execute(f"DELETE FROM community.ranking_pages WHERE day = '{monday}'")
    world.execute(PAGES.format(first=monday, last=monday))
    world.run(HOUSEKEEPING, now + DAY)
    assert sizes(world)[monday] == 2000
    world.settings = world.settings.model_copy(update={"ranking_retention_days": 100})
    assert world.run(HOUSEKEEPING, now + DAY)["operations.purges"].details["ranks"] == 0


@pytest.mark.parametrize(
    "page",
    [
        "'global', 2, NULL, ARRAY[7], ARRAY[1], ARRAY[NULL]",
        "'global', 1, NULL, ARRAY[7, 8], ARRAY[1], ARRAY[NULL]",
        "'global', 1, NULL, ARRAY[7, NULL], ARRAY[1, 2], ARRAY[NULL, NULL]",
        "'global', 1, NULL, ARRAY[]::bigint[], ARRAY[]::bigint[], ARRAY[]::timestamptz[]",
        "'weekly', 1, NULL, ARRAY[7], ARRAY[1], ARRAY[NULL]",
    ],
)
def test_the_database_refuses_a_page_that_is_none(world: World, page: str) -> None:
    with pytest.raises(sqlalchemy.exc.IntegrityError):
        world.execute(
            f"INSERT INTO community.ranking_pages VALUES ('2026-03-02', {page})".replace(
                "ARRAY[NULL", "ARRAY[NULL::timestamptz"
            )
        )


@pytest.mark.parametrize(
    ("cut_over_on", "are_used"), [(TODAY - DAY, False), (TODAY - 30 * DAY, True)]
)
def test_running_totals_are_not_used_over_a_cut_over(
    world: World, cut_over_on: date, are_used: bool
) -> None:
    """What was posted before one counts by other rules, which days know and the ledger's sums do not."""
    world.execute(
        "INSERT INTO operations.cut_overs (domain, cut_over_at, run_id) "
        f"VALUES ('community', '{at(cut_over_on)}', 'test')"
    )
    since = min(filter(None, board_starts(TODAY).values()))
    with world.database.transaction() as transaction:
        used = transaction.read_value("community/has_running_totals", day=TODAY, since=since)
    assert used is are_used
