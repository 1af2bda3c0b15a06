"""A game that is settled in more than one round, and an app that writes meanwhile."""

from datetime import timedelta

import pandas as pd
import pytest

from trc_pipelines.betting import settlement
from trc_pipelines_tests.betting.conftest import HOUR, OUTCOME_AT, Betting, ident
from trc_pipelines_tests.world import NOON

FIGURES = (
    "SELECT status, home_score, away_score, bets, won, lost, push, cancelled, staked, net, left_pending, "
    "settled_at FROM betting.game_settlements"
)


def test_a_bet_that_the_app_changes_while_its_game_is_settled_is_not_paid_as_it_was(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    for bet in (1, 2, 3):
        betting.bet(bet, 1, "g", odds=100)
    grade = settlement.grade_bets

    def grade_while_the_app_writes(bets: pd.DataFrame, **options: object) -> pd.DataFrame:
        betting.execute(
            f"UPDATE betting.bets SET stake = 1 WHERE id = '{ident(1)}';"
            "UPDATE betting.bets SET status = 'cancelled', payout = 0, net = 0, "
            f"settled_at = '{NOON}' WHERE id = '{ident(2)}'"
        )
        monkeypatch.setattr(settlement, "grade_bets", grade)
        return grade(bets, **options)

    monkeypatch.setattr(settlement, "grade_bets", grade_while_the_app_writes)
    assert betting.settle().affected == 1
    assert betting.results() == {
        1: ("pending", None, None),
        2: ("cancelled", 0, 0),
        3: ("won", 20_000, 10_000),
    }
    assert betting.settle().affected == 1
    assert betting.balances() == {1: 110_001}


def test_what_a_second_round_settles_is_added_to_the_first(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    betting.bet(2, 1, "g", "Owls", stake=3_000)
    betting.bet(3, 1, "g", bet_type="spread", line="-4")
    betting.bet(4, 1, "g", created_at=NOON)
    for bet in (5, 6):
        betting.bet(bet, 1, "g", "Eagles", stake=500, odds=100)
    betting.settle()
    first = ("completed", 24, 20, 4, 1, 1, 1, 1, 33_000, 7_000, 2, pd.Timestamp(NOON))
    assert betting.rows(FIGURES) == [first]
    details = """'{"team": "Hawks"}'"""
    betting.execute(f"UPDATE betting.bets SET bet_details = {details} WHERE id = '{ident(5)}'")
    betting.settle(NOON + HOUR)
    assert betting.rows(FIGURES) == [
        ("completed", 24, 20, 5, 2, 1, 1, 1, 33_500, 7_500, 1, pd.Timestamp(NOON))
    ]
    told = betting.events("GameSettled")
    assert [(game["bets"], game["staked"], game["left_pending"]) for game in told] == [
        (4, 33_000, 2)
    ]


@pytest.mark.parametrize(
    "change", ["home_score = 10", "away_score = 10", "status = 'cancelled'", "home_score = NULL"]
)
def test_another_result_settles_no_further_bet(betting: Betting, change: str) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    betting.settle()
    betting.bet(2, 1, "g")
    betting.execute(f"UPDATE betting.games SET {change}")
    assert betting.settle(NOON + HOUR).details["games_not_settled"] == 1
    assert betting.results()[2][0] == "pending"
    assert "results_stand_as_settled" in betting.broken()


def test_games_are_settled_in_the_order_in_which_they_ended(betting: Betting) -> None:
    betting.join(1, balance=10_000)
    betting.game("b", 24, 20, completed_at=None, commence_time=OUTCOME_AT - HOUR)
    betting.game("a", 24, 20)
    betting.bet(1, 1, "a", odds=100)
    betting.bet(2, 1, "b", "Owls")
    betting.settle(limit=1)
    assert betting.results()[1][0] == "pending"
    assert betting.results()[2][0] == "lost"
    assert betting.settle(NOON + timedelta.resolution).affected == 1
