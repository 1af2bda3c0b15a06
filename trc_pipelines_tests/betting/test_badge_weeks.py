"""Badges are earned, held and lost within a week, and what is held unlocks effects."""

from datetime import datetime

import pandas as pd
import pytest

from trc_pipelines.betting.rules.badges import CALCULATORS
from trc_pipelines_tests.betting.conftest import HOUR, MINUTE, ident
from trc_pipelines_tests.betting.weeks import MONDAY, SUNDAY, TICK, WEEK, Week
from trc_pipelines_tests.plans import explain
from trc_pipelines_tests.world import NOON

BADGES = "betting.user_badges", "betting.badge_history", "betting.user_effect_access"


@pytest.fixture
def week(database, settings, simulator) -> Week:
    """A week in which nothing happened yet."""
    return Week(database, settings, simulator)


def test_every_badge_goes_to_who_did_what_it_is_for(week: Week) -> None:
    week.game("g", commence_time=NOON)
    week.game("nfl", commence_time=SUNDAY + 18 * HOUR, sport="nfl")
    week.bets_of(1, "wpwcw")
    week.bets_of(2, "w", net=1_000)
    week.bets_of(3, "wlwlw", is_tail=True)
    week.bets_of(4, "wwlwwlwlwl")
    week.bets_of(5, "wlwlw", is_fade=True)
    week.bets_of(6, "." * 20)
    week.bets_of(8, "www", at=SUNDAY + 22 * HOUR, game_id="nfl")
    week.write(
        posts=[
            {
                "id": user, "user_id": user, "created_at": NOON - 30 * HOUR,
                "expires_at": NOON - 6 * HOUR, "deleted_at": NOON - 5 * HOUR,
            }
            for user in (1, 7)
        ]
    )  # fmt: skip
    result = week.award()["betting.user_badges"]
    expected = {
        "hot_streak": [1], "profit_king": [2], "riding_wave": [3], "sharp": [4], "fade_god": [5],
        "most_active": [6], "ghost": [7], "sunday_sweep": [8],
    }  # fmt: skip
    assert week.held() == expected
    assert (result.affected, result.rows_written) == (8, 8)
    assert result.details == {"badges_earned": 8, "badges_lost": 0} | dict.fromkeys(expected, 1)
    assert result.notes == []
    assert week.tiers() == [(user, 1, 1) for user in range(1, 9)]


def test_a_badge_is_earned_lost_and_earned_again_and_told_of_once(week: Week) -> None:
    moments = [NOON, NOON + HOUR, NOON + 2 * HOUR]
    for number, (user, net) in enumerate([(1, 100), (2, 200), (1, 500)]):
        week.bets_of(user, "w", net=net, at=moments[number] - MINUTE)
        result = week.award(moments[number])["betting.user_badges"]
        assert result.details == {
            "profit_king": 1, "badges_earned": 1, "badges_lost": int(number > 0)
        }  # fmt: skip
        assert week.held() == {"profit_king": [user]}
        before = week.state()
        for later in (moments[number], moments[number] + MINUTE):
            again = week.award(later)
            assert [r.affected for r in again.values()] == [0, 0]
        assert week.state() == before
    history = week.rows(
        "SELECT right(user_id::text, 1), change, changed_at FROM betting.badge_history "
        "ORDER BY changed_at, change, user_id"
    )
    first, second, third = map(pd.Timestamp, moments)
    assert history == [
        ("1", "earned", first), ("2", "earned", second), ("1", "lost", second),
        ("1", "earned", third), ("2", "lost", third),
    ]  # fmt: skip
    assert week.rows(
        "SELECT right(user_id::text, 1), earned_at, lost_at, week_start FROM betting.user_badges ORDER BY 1"
    ) == [("1", third, None, MONDAY.date()), ("2", second, third, MONDAY.date())]
    assert week.told(1) == week.told(2) == ["milestone"]
    about = {"badge": "profit_king", "week_start": "2026-03-02"}
    assert week.query("SELECT data FROM betting.notifications")["data"].tolist() == [about] * 2
    earned = [about | {"user_id": ident(user)} for user in (1, 2, 1)]
    assert week.events("BadgeEarned") == earned
    assert week.events("BadgeLost") == earned[:2]
    assert week.changes() == [(1, 0, 1), (1, 1, 0), (2, 0, 1), (1, 0, 1), (2, 1, 0)]
    assert not {"badges_follow_their_history", "tiers_follow_badges"} & set(week.broken())


def test_what_changes_again_at_the_same_tick_is_told_again(week: Week) -> None:
    """A tick that is repeated, with results that were settled, or corrected, in between."""
    week.bets_of(1, "w", net=70)
    for net in (70, -70, 70, -70):
        week.execute(f"UPDATE betting.bets SET net = {net}")
        week.award()
        week.award()
    assert week.changes() == [(1, 0, 1), (1, 1, 0)] * 2
    about = [{"badge": "profit_king", "week_start": "2026-03-02", "user_id": ident(1)}] * 2
    assert week.events("BadgeEarned") == week.events("BadgeLost") == about


def test_who_is_level_at_the_top_shares(week: Week) -> None:
    for user, net in [(1, 70), (2, 70), (3, 69)]:
        week.bets_of(user, "w", net=net)
    week.award()
    assert week.held() == {"profit_king": [1, 2]}


def test_effects_open_at_one_and_at_three_badges(
    week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, badge in enumerate(CALCULATORS):
        holders = [ident(user) for user in (1, 2, 3) if number < user]
        monkeypatch.setitem(CALCULATORS, badge, lambda _, who=holders: pd.DataFrame(index=who))
    week.award()
    assert week.tiers() == [(1, 1, 1), (2, 2, 1), (3, 3, 2)]
    assert week.changes() == [(1, 0, 1), (2, 0, 1), (3, 0, 2)]
    # One badge fewer each: a tier changes only where a line is crossed, and so does the moment.
    for badge in list(CALCULATORS)[:1]:
        monkeypatch.setitem(CALCULATORS, badge, lambda _: pd.DataFrame())
    result = week.award(NOON + HOUR)["betting.user_effect_access"]
    assert week.tiers() == [(1, 0, 0), (2, 1, 1), (3, 2, 1)]
    assert week.changes()[3:] == [(1, 1, 0), (3, 2, 1)]
    assert (result.affected, result.details) == (
        2,
        {"users_changed": 2, "users_in_tier_0": 1, "users_in_tier_1": 2},
    )
    assert week.rows("SELECT changed_at FROM betting.user_effect_access ORDER BY user_id") == [
        (pd.Timestamp(NOON + late * HOUR),) for late in (1, 0, 1)
    ]


def test_a_week_begins_empty_and_leaves_the_last_one_as_it_was(week: Week) -> None:
    next_monday = MONDAY + WEEK
    week.bets_of(1, "w", at=next_monday - TICK, net=5)
    week.bets_of(2, "w", at=next_monday, net=50)
    week.bets_of(3, "w", at=MONDAY - TICK, net=500)
    week.award(next_monday - TICK)
    assert week.held() == {"profit_king": [1]}
    before = week.rows("SELECT t::text FROM betting.user_badges AS t")
    week.award(next_monday)
    assert week.held(next_monday) == {"profit_king": [2]}
    assert (
        week.rows("SELECT t::text FROM betting.user_badges AS t WHERE week_start = '2026-03-02'")
        == before
    )
    assert week.tiers() == [(1, 0, 0), (2, 1, 1)]
    assert week.changes() == [(1, 0, 1), (1, 1, 0), (2, 0, 1)]
    assert week.events("BadgeLost") == []
    # In another week a badge is told of again.
    week.bets_of(1, "w", at=next_monday + HOUR, net=500)
    week.award(next_monday + 2 * HOUR)
    assert week.told(1) == ["milestone"] * 2


def test_a_tick_of_an_older_week_does_not_move_effects_back(week: Week) -> None:
    next_monday = MONDAY + WEEK
    week.game("late", commence_time=next_monday - HOUR)
    week.bets_of(3, ".", game_id="late")  # keeps the older week open
    week.bets_of(1, "w", net=5)
    week.award()
    week.award(next_monday)
    week.bets_of(2, "w", net=9)
    before = week.state("betting.user_effect_access")
    results = week.award(NOON + HOUR, now=next_monday)
    assert week.held() == {"profit_king": [2]}
    assert "2026-03-09" in results["betting.user_effect_access"].message
    assert week.state("betting.user_effect_access") == before


def test_nor_where_nothing_changed_as_the_week_turned(week: Week) -> None:
    next_monday = MONDAY + WEEK
    week.game("late", commence_time=next_monday - HOUR)
    week.bets_of(3, ".", game_id="late")
    week.bets_of(1, "w", net=5)
    week.award()
    week.bets_of(1, "w", at=next_monday, net=5)
    week.award(next_monday)
    week.bets_of(2, "w", net=9)
    week.award(NOON + HOUR, now=next_monday)
    assert week.tiers() == [(1, 1, 1)]


@pytest.mark.parametrize(
    ("zone", "as_of", "swept"),
    [
        ("UTC", MONDAY + 12 * HOUR, False),
        ("America/New_York", MONDAY + 12 * HOUR, True),
        # In New York it is Sunday still, in UTC the week has turned.
        ("America/New_York", MONDAY + 4 * HOUR, True),
    ],
)
def test_sunday_night_belongs_to_the_sunday_of_the_zone(
    week: Week, zone: str, as_of: datetime, swept: bool
) -> None:
    week.settings = week.settings.model_copy(update={"sunday_timezone": zone})
    week.game("night", commence_time=MONDAY + 80 * MINUTE)
    week.bets_of(1, "lww", game_id="night", at=MONDAY + 4 * HOUR)
    week.bets_of(2, "www", game_id="night", at=MONDAY - 9 * WEEK)
    week.award(as_of)
    assert week.held().get("sunday_sweep", []) == ([2] if swept else [])


def test_a_sweep_wants_every_bet_on_sundays_nfl_games_decided(week: Week) -> None:
    week.game("nfl", commence_time=SUNDAY)
    week.game("late", commence_time=MONDAY - TICK)
    week.game("nba", commence_time=SUNDAY + 9 * HOUR, sport="NBA")
    week.game("before", commence_time=SUNDAY - TICK)
    sunday = {"at": SUNDAY + 22 * HOUR}
    for user, outcomes in enumerate(["www", "www.", "wwwl", "ww", "wwpc", "wwwpc"], start=1):
        week.bets_of(user, outcomes, game_id="late" if user == 1 else "nfl", **sunday)
    week.game("after", commence_time=MONDAY)
    week.bets_of(7, "www", game_id="after", **sunday)
    for user in (1, 4):
        week.bets_of(user, "w.l", game_id="nba", **sunday)
        week.bets_of(user, "w.l", game_id="before", **sunday)
    week.award(MONDAY)
    assert week.held() == {"sunday_sweep": [1, 6]}


def test_bets_on_sundays_games_are_found_by_index(week: Week) -> None:
    with week.database.transaction(commit=False) as transaction:
        plan = explain(transaction, "betting/select_sunday_bets", begins_at=SUNDAY, ends_at=MONDAY)
    assert "bets_game_idx" in plan


def test_a_calculator_that_fails_leaves_its_badge_alone(
    week: Week, monkeypatch: pytest.MonkeyPatch
) -> None:
    week.bets_of(1, "www", net=5)
    week.award()
    assert week.held() == {"hot_streak": [1], "profit_king": [1]}
    before = week.rows("SELECT t::text FROM betting.user_badges AS t WHERE badge = 'profit_king'")

    def fail(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(CALCULATORS, "profit_king", fail)
    week.bets_of(2, "www", net=50)
    result = week.award(NOON + HOUR)["betting.user_badges"]
    assert not result.success
    assert "left as they were: profit_king" in result.message
    assert result.affected == result.details["badges_earned"] == 1
    assert result.details["badges_lost"] == 0
    assert week.held() == {"hot_streak": [1, 2], "profit_king": [1]}
    assert (
        week.rows("SELECT t::text FROM betting.user_badges AS t WHERE badge = 'profit_king'")
        == before
    )
    assert week.rows(
        "SELECT success FROM operations.job_executions ORDER BY executed_at DESC LIMIT 1"
    ) == [(False,)]


def test_a_rehearsal_of_badges_leaves_nothing(week: Week) -> None:
    week.bets_of(1, "www")
    before = week.state()
    rehearsed = week.award(dry_run=True)
    assert week.state() == before
    assert week.award() == rehearsed
