"""An app that writes while its bets are graded: what was graded is what is paid and recorded."""

import pandas as pd
import pytest

from trc_pipelines.betting import settlement
from trc_pipelines.betting.steps import game_settlements
from trc_pipelines_tests.betting.conftest import HOUR, OUTCOME_AT, Betting, ident
from trc_pipelines_tests.world import NOON

RECORDED = "SELECT status, home_score, away_score FROM betting.game_settlements"


def while_it_is_graded(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, change: str, *, once: bool = True
) -> None:
    """Another session commits a change after the bets were read and before they are claimed."""
    grade = settlement.grade_bets

    def grade_while_the_app_writes(bets: pd.DataFrame, **options: object) -> pd.DataFrame:
        betting.execute(change)
        if once:
            monkeypatch.setattr(settlement, "grade_bets", grade)
        return grade(bets, **options)

    monkeypatch.setattr(settlement, "grade_bets", grade_while_the_app_writes)


@pytest.mark.parametrize(
    ("change", "then"),
    [
        ("home_score = 10", ("lost", 0, -10_000)),
        ("away_score = 24", ("push", 10_000, 0)),
        ("status = 'cancelled'", ("cancelled", 10_000, 0)),
        ("status = 'live', home_score = NULL", ("pending", None, None)),
        ("home_team = 'Eagles'", ("pending", None, None)),
        (f"commence_time = '{NOON - 6 * HOUR}'", ("cancelled", 10_000, 0)),
    ],
)
def test_a_game_that_changes_while_its_bets_are_graded_is_paid_by_what_it_is_then(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, change: str, then: tuple
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    while_it_is_graded(betting, monkeypatch, f"UPDATE betting.games SET {change}")
    first = betting.settle()
    assert (first.affected, betting.rows(RECORDED)) == (0, [])
    assert "changed while" in first.message
    betting.settle(NOON + HOUR)
    assert betting.results() == {1: then}
    assert "results_stand_as_settled" not in betting.broken()


def test_the_scores_that_are_recorded_are_those_by_which_bets_were_graded(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    post = game_settlements._post

    def post_while_the_app_writes(*arguments: object) -> None:
        betting.execute("UPDATE betting.games SET home_score = 10")
        post(*arguments)

    monkeypatch.setattr(game_settlements, "_post", post_while_the_app_writes)
    betting.settle()
    assert betting.results()[1][0] == "won"
    assert betting.rows(RECORDED) == [("completed", 24, 20)]
    assert betting.broken() == ["results_stand_as_settled"]


@pytest.mark.parametrize(
    "change",
    [
        "bet_type = 'spread'",
        """bet_details = '{"team": "Owls"}'""",
        'bet_details = bet_details || \'{"line": "-3"}\'',
        "stake = 1",
        "odds = -300",
        "odds = NULL",
        "potential_win = 5",
        "is_tail = TRUE",
        "is_fade = TRUE",
        f"created_at = '{OUTCOME_AT}'",
        f"user_id = '{ident(2)}'",
        "game_id = 'h'",
        f"original_pick_id = '{ident(7)}'",
    ],
)
def test_a_bet_that_changes_in_any_field_is_not_paid_as_it_was(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    betting.join(1, 2)
    betting.game("g", 24, 20)
    betting.game("h", 3, 7)
    betting.bet(1, 1, "g", odds=100)
    betting.bet(2, 2, "g", odds=100)
    while_it_is_graded(
        betting, monkeypatch, f"UPDATE betting.bets SET {change} WHERE id = '{ident(1)}'"
    )
    assert betting.settle().affected == 1
    assert betting.results()[1] == ("pending", None, None)
    assert betting.results()[2] == ("won", 20_000, 10_000)
    betting.settle(NOON + HOUR)
    assert set(betting.broken()) <= {"no_bet_is_stuck", "paid_wins_match_the_odds"}


def test_a_promise_that_is_taken_back_while_it_is_paid_is_not_paid(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100, potential_win=9_999)
    change = "UPDATE betting.bets SET potential_win = NULL"
    while_it_is_graded(betting, monkeypatch, change)
    assert betting.settle().affected == 0
    betting.settle(NOON + HOUR)
    assert betting.results() == {1: ("won", 20_000, 10_000)}


def test_a_bet_that_the_app_decides_while_it_is_graded_is_not_decided_again(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    taken_back = (
        "UPDATE betting.bets SET status = 'cancelled', payout = stake, net = 0, settled_at = now()"
    )
    while_it_is_graded(betting, monkeypatch, taken_back)
    assert betting.settle().affected == 0
    assert betting.results() == {1: ("cancelled", 10_000, 0)}
    assert betting.rows("SELECT * FROM betting.bankroll_ledger") == []


def test_a_game_that_gets_another_result_than_it_was_settled_by_settles_no_further_bet(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    betting.settle()
    betting.bet(2, 1, "g", odds=100)
    settle_games = game_settlements.settle_games

    def settle_after_the_app_wrote(*arguments: object) -> object:
        betting.execute("UPDATE betting.games SET home_score = 10")
        return settle_games(*arguments)

    monkeypatch.setattr(game_settlements, "settle_games", settle_after_the_app_wrote)
    betting.settle(NOON + HOUR)
    assert betting.results()[2] == ("pending", None, None)
    assert betting.rows(RECORDED) == [("completed", 24, 20)]
