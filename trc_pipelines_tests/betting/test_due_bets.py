"""Which bets are due, which wait, and who is told that they wait."""

from datetime import datetime

import pytest

from trc_pipelines.betting.checks import CHECKS
from trc_pipelines_tests.betting.conftest import DAY, HOUR, OUTCOME_AT, Betting, ident
from trc_pipelines_tests.world import NOON, World

TICK = HOUR.resolution


def test_a_limit_counts_games_that_change_and_not_those_nobody_can_settle(
    betting: Betting,
) -> None:
    betting.join(1)
    for number, team in enumerate(["Eagles", "Hawks", "Ravens", "Hawks"]):
        betting.game(f"g{number}", 24, 20, completed_at=OUTCOME_AT + number * TICK)
        betting.bet(number, 1, f"g{number}", team=team)
    assert betting.settle(limit=1).affected == 1
    assert [betting.results()[bet][0] for bet in range(4)] == [
        "pending",
        "won",
        "pending",
        "pending",
    ]
    assert betting.settle(limit=1, dry_run=True).affected == 1
    assert betting.settle(limit=1).affected == 1
    assert betting.results()[3][0] == "won"
    assert betting.settle(limit=1).affected == 0


@pytest.mark.parametrize("absurd", [2**63 - 20_000, 2**62, 10**12 + 1])
def test_one_absurd_promise_keeps_one_bet_waiting_and_not_its_game(
    betting: Betting, absurd: int
) -> None:
    betting.join(1, 2)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", potential_win=absurd)
    betting.bet(2, 1, "g", odds=100)
    betting.bet(3, 2, "g", "Owls")
    result = betting.settle()
    assert (result.success, result.affected, result.details["bets_left_pending"]) == (True, 2, 1)
    assert "potential_win" in result.message
    assert betting.balances() == {1: 110_000, 2: 90_000}
    assert betting.broken() == ["no_bet_is_stuck"]


def test_a_cancelled_game_whose_scores_move_is_void_all_the_same(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", status="cancelled", home_score=3, away_score=1)
    betting.bet(1, 1, "g")
    betting.settle()
    betting.execute("UPDATE betting.games SET home_score = 7, away_score = NULL")
    betting.bet(2, 1, "g")
    assert betting.settle(NOON + HOUR).affected == 1
    assert betting.results()[2] == ("cancelled", 10_000, 0)
    assert betting.broken() == []


@pytest.mark.parametrize(
    ("created_at", "live_bets", "status"),
    [
        (NOON - 4 * HOUR - TICK, False, "won"),
        (NOON - 4 * HOUR, False, "cancelled"),
        (OUTCOME_AT - TICK, False, "cancelled"),
        (NOON - 4 * HOUR, True, "won"),
        (OUTCOME_AT - TICK, True, "won"),
        (OUTCOME_AT, True, "cancelled"),
    ],
)
def test_a_bet_placed_once_its_game_began_is_void_unless_live_bets_are_taken(
    betting: Betting, created_at: datetime, live_bets: bool, status: str
) -> None:
    betting.settings = betting.settings.model_copy(update={"live_bets": live_bets})
    betting.join(1)
    betting.game("g", 24, 20, commence_time=NOON - 4 * HOUR)
    betting.bet(1, 1, "g", created_at=created_at)
    betting.settle()
    assert betting.results()[1][0] == status
    if status == "cancelled":
        assert betting.balances() == {1: 100_000}
        assert betting.told(1) == ["bet_cancelled"]
        ((data,),) = betting.rows("SELECT data::text FROM betting.notifications")
        assert "the game had begun" in data or "the game was over" in data


def violations(world: World, name: str) -> list[dict]:
    (found,) = (check for check in CHECKS if check.name == name)
    with world.database.transaction() as transaction:
        return found.find_violations(transaction).to_dict("records")


def test_bets_that_wait_for_a_game_in_vain_are_told_of_and_found_after_a_day(
    betting: Betting,
) -> None:
    betting.join(1)
    begin = NOON - 26 * HOUR
    betting.game("later", commence_time=NOON + DAY)
    betting.game("off", status="postponed", commence_time=begin)
    betting.game("stays", status="live", commence_time=begin)
    betting.game("blank", status="completed", commence_time=begin, completed_at=begin + 3 * HOUR)
    games = ["later", "off", "stays", "blank", "nowhere"]
    for bet, game in enumerate(games):
        betting.bet(bet, 1, game, created_at=begin - HOUR)
    betting.bet(9, 1, "nowhere", created_at=NOON - HOUR)
    result = betting.settle()
    assert result.details["bets_waiting_in_vain"] == 4
    for word in (
        "1 of a postponed game",
        "1 of a game that is unknown",
        "1 of a game without a score",
    ):
        assert word in result.message
    found = {(row["game_id"], row["bet_id"]) for row in violations(betting, "no_bet_is_stuck")}
    assert found == {(game, ident(bet)) for bet, game in enumerate(games) if game != "later"}
