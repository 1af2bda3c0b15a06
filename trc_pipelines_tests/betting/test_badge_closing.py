"""The last hours of a week count: its badges are judged once more after its end, exactly once."""

import itertools
from datetime import datetime

import pytest

from trc_pipelines.betting.rules.badges import CALCULATORS
from trc_pipelines_tests.betting.conftest import DAY, HOUR, MINUTE
from trc_pipelines_tests.betting.weeks import MONDAY, SUNDAY, TICK, WEEK, Week
from trc_pipelines_tests.databases import PooledDatabase, borrow_database
from trc_pipelines_tests.world import NOON

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

NEXT = MONDAY + WEEK
LATE = NEXT - 30 * MINUTE  # Sunday, 23:30


@pytest.fixture
def week(database, settings, simulator) -> Week:
    """A week in which nothing happened yet."""
    return Week(database, settings, simulator)


def standing(week: Week) -> tuple:
    """Who holds what, without since when."""
    return tuple(
        week.rows(
            "SELECT week_start, badge, user_id::text FROM betting.user_badges "
            "WHERE lost_at IS NULL ORDER BY 1, 2, 3"
        )
    )


@pytest.mark.parametrize("late", [0 * HOUR, 6 * HOUR, 2 * DAY, 9 * DAY])
def test_wins_of_sunday_half_past_eleven_count_though_the_daemon_was_down_over_midnight(
    week: Week, late: datetime
) -> None:
    week.award(LATE - HOUR)
    week.bets_of(1, "www", at=LATE, net=5)
    week.award(NEXT + late)
    assert week.held() == {"hot_streak": [1], "profit_king": [1]}
    assert week.told(1) == ["milestone"] * 2
    assert {event["week_start"] for event in week.events("BadgeEarned")} == {"2026-03-02"}
    assert week.tiers() == []
    assert "badges_follow_their_history" not in week.broken()
    before = week.state()
    for again in (NEXT + late, NEXT + late + MINUTE):
        week.award(again)
    assert week.state() == before


def test_a_week_waits_for_its_games_and_not_longer_than_a_day(week: Week) -> None:
    week.game("nfl", commence_time=NEXT - 2 * HOUR)
    week.game("next", commence_time=NEXT + HOUR)
    week.bets_of(1, "ww.", at=LATE, game_id="nfl")
    week.bets_of(2, ".", at=LATE, game_id="next")
    week.award(LATE)
    for as_of in (NEXT, NEXT + DAY - TICK):
        week.award(as_of)
        assert week.rows("SELECT week_start FROM betting.badge_weeks") == [
            ((MONDAY - WEEK).date(),)
        ]
    week.execute(
        f"UPDATE betting.bets SET status = 'won', net = 1, settled_at = '{NEXT + HOUR}' "
        "WHERE game_id = 'nfl' AND status = 'pending'"
    )
    week.award(NEXT + 2 * HOUR)
    assert week.held()["sunday_sweep"] == [1]
    assert week.rows(
        "SELECT judged_at, earned FROM betting.badge_weeks ORDER BY 1 DESC LIMIT 1"
    ) == [(NEXT + 2 * HOUR, 1)]


def test_a_game_nobody_settles_keeps_a_week_open_for_a_day(week: Week) -> None:
    week.game("nfl", commence_time=NEXT - 2 * HOUR)
    week.award(LATE)
    week.bets_of(1, "www.", at=LATE, game_id="nfl")
    week.award(NEXT + DAY - TICK)
    assert week.held() == {}
    week.award(NEXT + DAY)
    assert week.held() == {"hot_streak": [1], "profit_king": [1]}


def test_sunday_night_in_new_york_is_waited_for(week: Week) -> None:
    week.settings = week.settings.model_copy(update={"sunday_timezone": "America/New_York"})
    week.game("night", commence_time=NEXT + 20 * MINUTE)
    week.award(LATE)
    week.bets_of(1, "ww.", at=LATE, game_id="night")
    week.award(NEXT)
    week.execute(
        f"UPDATE betting.bets SET status = 'won', net = 1, settled_at = '{NEXT + 4 * HOUR}' "
        "WHERE status = 'pending'"
    )
    week.award(NEXT + 5 * HOUR)
    assert week.held()["sunday_sweep"] == [1]


def test_a_closed_week_stays_closed(week: Week) -> None:
    week.bets_of(1, "www", net=5)
    week.award()
    week.award(NEXT)
    week.bets_of(2, "www", net=50)
    before = week.state()
    result = week.award(NOON + HOUR, now=NEXT)["betting.user_badges"]
    assert result.message == "badges of the week of 2026-03-02 stand for good"
    week.award(NEXT + HOUR)
    after = week.state()
    assert after["betting.user_badges"] == before["betting.user_badges"]
    with pytest.raises(Exception, match="badge_weeks"):
        week.execute("DELETE FROM betting.badge_weeks")


def test_weeks_nobody_looked_at_are_judged_in_order(week: Week) -> None:
    week.award()
    week.bets_of(1, "www", at=NEXT + DAY, net=5)
    week.bets_of(2, "www", at=NEXT + WEEK + DAY, net=5)
    week.award(NEXT + 2 * WEEK + DAY)
    assert week.held(NEXT) == {"hot_streak": [1], "profit_king": [1]}
    assert week.held(NEXT + WEEK) == {"hot_streak": [2], "profit_king": [2]}
    assert len(week.rows("SELECT 1 FROM betting.badge_weeks")) == 4
    assert week.tiers() == []


def test_whatever_ticks_come_and_in_whatever_order_the_same_stands(
    settings, simulator, servers
) -> None:
    ticks = [LATE - HOUR, LATE + 20 * MINUTE, NEXT, NEXT + 2 * HOUR]
    orders = {
        order
        for size in range(1, len(ticks) + 1)
        for order in itertools.permutations(ticks, size)
        if order[-1] == ticks[-1]
    }
    found = set()
    for order in sorted(orders):
        with borrow_database(servers[18]) as url:
            week = Week(PooledDatabase(url), settings, simulator)
            week.award(MONDAY + DAY)
            week.bets_of(1, "www", at=LATE, net=5)
            week.bets_of(2, "w", at=LATE - 2 * HOUR, net=7)
            week.bets_of(3, "www", at=NEXT + HOUR, net=9)
            for as_of in order:
                week.award(as_of, now=NEXT + DAY)
            found.add(standing(week))
    assert len(orders) == 16
    assert len(found) == 1


def test_who_left_holds_nothing_and_competes_no_more(week: Week) -> None:
    week.join(1, 2, 3, 4)
    week.game("nfl", commence_time=SUNDAY + HOUR)
    week.bets_of(1, "w" * 20, net=500, is_tail=True, is_fade=True)
    week.bets_of(1, "www", at=SUNDAY, game_id="nfl")
    week.bets_of(2, "www", net=5)
    week.write(posts=[{"id": 3, "user_id": 3, "created_at": NOON - HOUR}])
    week.award()
    assert week.held()["profit_king"] == [1]
    assert week.held()["ghost"] == [3]
    for user in (1, 3):
        week.execute(f"UPDATE betting.users SET deleted_at = now() WHERE username = 'u{user}'")
    week.award(NOON + HOUR)
    assert week.held() == {"hot_streak": [2], "profit_king": [2]}
    assert week.tiers() == [(1, 0, 0), (2, 2, 1), (3, 0, 0)]
    assert set(CALCULATORS) - {"ghost"} >= {e["badge"] for e in week.events("BadgeLost")} - {
        "ghost"
    }
    week.execute("UPDATE betting.users SET deleted_at = NULL")
    week.award(NOON + 2 * HOUR)
    assert week.held()["profit_king"] == [1]


def test_a_calculator_that_fails_keeps_no_effects_waiting(
    week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(CALCULATORS, "profit_king", fail)
    week.bets_of(1, "www", net=5)
    results = week.award()
    assert not results["betting.user_badges"].success
    assert week.tiers() == [(1, 1, 1)]
    assert week.changes() == [(1, 0, 1)]


def test_a_week_whose_calculator_fails_stays_open_until_it_is_mended(
    week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    week.award()
    week.bets_of(1, "www", at=LATE, net=5)
    with monkeypatch.context() as broken:
        broken.setitem(CALCULATORS, "profit_king", lambda _: 1 / 0)
        assert not week.award(NEXT)["betting.user_badges"].success
    assert week.held() == {"hot_streak": [1]}
    week.award(NEXT + 3 * DAY)
    assert week.held() == {"hot_streak": [1], "profit_king": [1]}
