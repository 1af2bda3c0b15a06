"""Games are settled once, exactly, and each on its own."""

import threading
from datetime import timedelta

import pytest

from trc_pipelines_tests.betting.conftest import HOUR, OUTCOME_AT, Betting, ident
from trc_pipelines_tests.world import NOON


def test_wins_losses_and_pushes_move_balances_by_their_net(betting: Betting) -> None:
    betting.join(1, 2, 3)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    betting.bet(2, 2, "g", "owls ")
    betting.bet(3, 3, "g", bet_type="spread", line="-4")
    result = betting.settle()
    assert betting.results() == {
        1: ("won", 19_090, 9_090), 2: ("lost", 0, -10_000), 3: ("push", 10_000, 0),
    }  # fmt: skip
    assert betting.balances() == {1: 109_090, 2: 90_000, 3: 100_000}
    assert result.affected == 3
    assert result.details == {
        "bets_settled": 3, "games_settled": 1, "won": 1, "lost": 1, "push": 1, "cancelled": 0,
        "bets_left_pending": 0, "games_not_settled": 0, "bets_waiting_in_vain": 0,
    }  # fmt: skip
    assert [betting.told(user) for user in (1, 2, 3)] == [["bet_won"], ["bet_lost"], ["bet_push"]]
    assert len(betting.events("BetSettled")) == 3
    (game,) = betting.events("GameSettled")
    assert (game["game_id"], game["bets"], game["net"]) == ("g", 3, -910)
    assert betting.broken() == []


def test_settling_again_changes_nothing(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    betting.settle()
    assert betting.settle(NOON + HOUR).affected == 0
    assert betting.balances() == {1: 109_090}
    assert len(betting.query("SELECT * FROM betting.bankroll_ledger")) == 2


@pytest.mark.parametrize("status", ["scheduled", "live", "postponed"])
def test_a_game_that_is_not_over_is_not_settled_whatever_the_scores(
    betting: Betting, status: str
) -> None:
    betting.join(1)
    betting.game("g", 24, 20, status=status)
    betting.bet(1, 1, "g")
    assert betting.settle().affected == 0
    assert betting.results()[1][0] == "pending"


def test_a_cancelled_game_gives_everything_back(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", status="cancelled")
    betting.bet(1, 1, "g", team="Nobody", is_tail=True)
    betting.settle()
    assert betting.results() == {1: ("cancelled", 10_000, 0)}
    assert betting.balances() == {1: 100_000}
    assert betting.told(1) == ["bet_cancelled"]


def test_a_game_without_a_score_stops_no_other(betting: Betting) -> None:
    betting.join(1)
    betting.game("bad", status="completed", completed_at=OUTCOME_AT - HOUR)
    betting.game("good", 3, 1)
    betting.bet(1, 1, "bad")
    betting.bet(2, 1, "good")
    result = betting.settle()
    assert (result.success, result.affected) == (True, 1)
    assert "bad: it has no score" in result.message
    betting.execute("UPDATE betting.games SET home_score = 1, away_score = 0 WHERE id = 'bad'")
    assert betting.settle(NOON + HOUR).affected == 1


def test_a_bet_nobody_can_grade_stays_pending_and_is_told_of(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", team="Eagles")
    betting.bet(2, 1, "g", bet_type="spread", line="a lot")
    betting.bet(3, 9, "g")
    betting.bet(4, 1, "g")
    result = betting.settle()
    assert (result.affected, result.details["bets_left_pending"]) == (1, 3)
    assert "the user has no bankroll" in result.message
    assert "line must be a decimal number" in result.message
    assert betting.broken() == ["no_bet_is_stuck"]
    betting.execute(
        """UPDATE betting.bets SET bet_details = '{"team": "Owls"}' WHERE status = 'pending'"""
    )
    assert betting.settle(NOON + 3 * HOUR).affected == 1
    assert betting.rows("SELECT bets, won, lost FROM betting.game_settlements") == [(2, 1, 1)]


def test_a_game_of_which_no_bet_can_be_graded_leaves_no_settlement(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", team="Eagles")
    result = betting.settle()
    assert (result.success, result.affected, result.details["bets_left_pending"]) == (True, 0, 1)
    assert betting.query("SELECT * FROM betting.game_settlements").empty
    assert betting.events("GameSettled") == []


def test_a_bet_placed_as_the_game_began_is_void(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", created_at=NOON - 4 * HOUR)
    betting.bet(2, 1, "g", created_at=NOON - 4 * HOUR - timedelta(microseconds=1))
    betting.settle()
    assert {bet: status for bet, (status, *_) in betting.results().items()} == {
        1: "cancelled",
        2: "won",
    }


@pytest.mark.parametrize(
    ("stake", "odds", "promised", "net"),
    [
        (600, -300, None, 200),
        (10_000, -110, None, 9_090),
        (500, 250, None, 1_250),
        (10_000, -110, 9_091, 9_091),
    ],
)
def test_a_win_pays_what_was_promised_or_what_the_odds_give(
    betting: Betting, stake: int, odds: int, promised: int | None, net: int
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", stake=stake, odds=odds, potential_win=promised)
    betting.settle()
    assert betting.results() == {1: ("won", stake + net, net)}
    assert betting.broken() == []


def test_a_promise_far_from_the_odds_is_paid_and_reported(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", potential_win=9_092)
    betting.settle()
    assert betting.results()[1][2] == 9_092
    assert betting.broken() == ["paid_wins_match_the_odds"]


def test_tails_and_fades_are_told_as_such_once_decided(betting: Betting) -> None:
    betting.join(1, 2, 3, 4, 5)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", is_tail=True)
    betting.bet(2, 2, "g", "Owls", is_tail=True)
    betting.bet(3, 3, "g", is_fade=True)
    betting.bet(4, 4, "g", "Owls", is_fade=True)
    betting.bet(5, 5, "g", bet_type="total", total_type="over", line="44", is_fade=True)
    betting.settle()
    assert [betting.told(user) for user in range(1, 6)] == [
        ["tail_won"], ["tail_lost"], ["fade_won"], ["fade_lost"], ["bet_push"],
    ]  # fmt: skip


def test_a_loss_beyond_the_balance_leaves_a_write_off(betting: Betting) -> None:
    betting.join(1, balance=15_000)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", "Owls")
    betting.bet(2, 1, "g", "Owls", stake=20_000)
    betting.bet(3, 1, "g", stake=1_000, odds=100)
    betting.settle()
    assert betting.balances() == {1: 0}
    assert betting.rows(
        "SELECT kind, amount, balance_after FROM betting.bankroll_ledger ORDER BY entry_id"
    ) == [
        ("opening", 15_000, 15_000), ("write_off", 14_000, 29_000), ("bet_settled", 1_000, 30_000),
        ("bet_settled", -10_000, 20_000), ("bet_settled", -20_000, 0),
    ]  # fmt: skip
    assert betting.broken() == []


def test_scores_that_change_afterwards_settle_nothing_again_and_are_reported(
    betting: Betting,
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    betting.settle()
    betting.execute("UPDATE betting.games SET home_score = 10")
    betting.bet(2, 1, "g")
    result = betting.settle(NOON + HOUR)
    assert result.affected == 0
    assert "g: its result is not the one by which other bets on it were settled" in result.message
    assert betting.results() == {1: ("won", 19_090, 9_090), 2: ("pending", None, None)}
    assert "results_stand_as_settled" in betting.broken()


def test_a_game_that_ends_after_the_tick_waits_for_the_next(betting: Betting) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    assert betting.settle(OUTCOME_AT - timedelta(microseconds=1)).affected == 0
    assert betting.settle(OUTCOME_AT).affected == 1


def test_a_limit_counts_games_the_earliest_first(betting: Betting) -> None:
    betting.join(1)
    for number in range(1, 4):
        betting.game(f"g{number}", 24, 20, completed_at=OUTCOME_AT - number * HOUR)
        betting.bet(number, 1, f"g{number}", created_at=NOON - 9 * HOUR)
    assert betting.settle(limit=2).affected == 2
    assert {bet for bet, (status, *_) in betting.results().items() if status == "won"} == {2, 3}


def test_a_game_the_database_refuses_stops_no_other(betting: Betting) -> None:
    betting.join(1, balance=100)
    betting.join(2, balance=2**63 - 50)
    betting.game("a", 24, 20, completed_at=OUTCOME_AT - HOUR)
    betting.game("b", 24, 20)
    betting.bet(1, 2, "a", created_at=NOON - 9 * HOUR)
    betting.bet(2, 1, "b")
    result = betting.settle()
    assert (result.success, result.affected) == (False, 1)
    assert "games not settled: a: " in result.message
    assert betting.results()[1][0] == "pending"
    assert betting.results()[2][0] == "won"
    assert betting.broken() == []


@pytest.mark.undisturbed("a run that is tried again says nothing of games it had settled before")
def test_a_rehearsal_tells_the_same_and_pays_nobody(betting: Betting) -> None:
    betting.join(1, 2)
    for game in ("a", "b"):
        betting.game(game, 24, 20)
    for bet, (user, game) in enumerate([(1, "a"), (2, "a"), (1, "b")], start=1):
        betting.bet(bet, user, game)
    rehearsed = betting.settle(dry_run=True)
    assert betting.balances() == {1: 100_000, 2: 100_000}
    assert betting.settle() == rehearsed


@pytest.mark.undisturbed("counts which of two settlements pays")
def test_six_hundred_bets_under_two_settlements_at_once_are_paid_once(betting: Betting) -> None:
    betting.join(*range(1, 21), balance=1_000_000)
    for game in range(6):
        betting.game(f"g{game}", 24, 20)
    values = ", ".join(
        f"('{ident(bet)}', '{ident(1 + bet % 20)}', 'g{bet % 6}', 'moneyline', "
        f"""'{{"team": "{"Hawks" if bet % 3 else "Owls"}"}}', 1000, 100, '{NOON - 5 * HOUR}')"""
        for bet in range(600)
    )
    betting.execute(
        "INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at) "
        f"VALUES {values}"
    )
    results = []
    threads = [threading.Thread(target=lambda: results.append(betting.settle())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.affected for result in results) == [0, 600]
    assert sum(betting.balances().values()) == 20 * 1_000_000 + 400 * 1000 - 200 * 1000
    assert len(betting.events("BetSettled")) == 600
    assert betting.broken() == []
