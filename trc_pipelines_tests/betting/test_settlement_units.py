"""Games are settled many at once, and it comes out as if each were settled by itself."""

import uuid
from collections import Counter
from dataclasses import replace
from datetime import datetime
from random import Random

import pandas as pd
import pytest

from trc_pipelines.betting import settlement
from trc_pipelines.betting.corrections import resettle_game, work_by_hand
from trc_pipelines.betting.steps import game_settlements
from trc_pipelines.jobs.contract import Options, Work
from trc_pipelines_tests.betting.conftest import HOUR, MINUTE, OUTCOME_AT, Betting, ident
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.world import NOON

pytestmark = pytest.mark.either

USERS = range(1, 8)
# What settlement writes, row for row in the order of writing; keys count on, whoever rolls back.
WRITTEN = {
    "betting.bets": "id",
    "betting.bankrolls": "user_id",
    "betting.bankroll_ledger": "entry_id",
    "betting.notifications": "user_id, dedupe_key",
    "betting.game_settlements": "game_id",
    "betting.pick_authors": "post_id",
    "operations.domain_events": "event_id",
}
OWN = "'{entry_id,event_id,recorded_at,transaction_id,run_id}'::text[]"


def settle_aside(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, as_of: datetime, most_bets: int
) -> tuple:
    """Settle in units of so many bets and roll it back: the result, and every row as it then was."""
    monkeypatch.setattr(game_settlements, "UNIT_BETS", most_bets)
    options = Options(as_of, as_of, "r", "test")
    days = (as_of.date(), as_of.date())
    with betting.database.transaction(commit=False) as transaction:
        work = Work(transaction, betting.database, betting.settings, options, days, is_dry_run=True)
        result = game_settlements.game_settlements.run(work)
        state = {}
        for table, order in WRITTEN.items():
            kept = OWN + (" || 'id'::text" if table == "betting.notifications" else "")
            query = f"SELECT (to_jsonb(t) - ({kept}))::text FROM {table} AS t ORDER BY {order}"
            state[table] = transaction._connection.use(
                "look", lambda cursor, query=query: cursor.execute(query).fetchall()
            )
    return result, state


def place(betting: Betting, dice: Random, tick: int, over_at: datetime) -> None:
    """Games that are over, some of them void, and bets on them, some of which nobody can grade."""
    games = [
        {
            "id": f"g{tick}-{number}", "sport": "NFL", "home_team": "Hawks", "away_team": "Owls",
            "commence_time": over_at - 3 * HOUR, "completed_at": over_at - dice.randint(0, 2) * MINUTE,
            "status": dice.choice(["completed"] * 6 + ["cancelled"]),
            "home_score": dice.randint(0, 3), "away_score": dice.randint(0, 3),
        }
        for number in range(dice.randint(2, 6))
    ]  # fmt: skip
    bets = [
        {
            "id": tick * 1_000 + number, "user_id": dice.choice(USERS), "bet_type": "moneyline",
            "game_id": dice.choice(games)["id"], "stake": dice.choice([500, 9_000, 30_000]),
            "odds": dice.choice([-110, 100, 250]), "is_tail": dice.random() < 0.2,
            "is_fade": dice.random() < 0.2, "original_pick_id": dice.choice([None, 1, 2]),
            "bet_details": {"team": dice.choice(["Hawks", "Owls"] * 6 + ["Eagles"])},
            "created_at": over_at - dice.choice([1, 4, 5, 6]) * HOUR,
        }
        for number in range(dice.randint(5, 40))
    ]  # fmt: skip
    betting.write(games=games, bets=bets)


def settled_in_order(betting: Betting, as_of: datetime) -> list[tuple[str, int, int]]:
    """What bets settled at this moment moved: game, user and net, in the order of games."""
    return [
        (game, uuid.UUID(user).int, net)
        for game, user, net in betting.rows(
            "SELECT b.game_id, b.user_id, b.net FROM betting.bets AS b "
            "JOIN betting.games AS g ON g.id = b.game_id JOIN betting.bankroll_ledger AS e "
            "ON e.bet_id = b.id AND e.kind = 'bet_settled' AND e.run_id = (SELECT run_id FROM "
            "operations.job_executions ORDER BY executed_at DESC LIMIT 1) "
            "ORDER BY coalesce(g.completed_at, g.commence_time), g.id"
        )
    ]


def test_units_of_any_size_write_the_same_and_no_balance_falls_below_nothing(
    betting: Betting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weeks of random bets, with games that are settled in several rounds and resets around them."""
    dice = Random(14)
    betting.join(*USERS[:-1], balance=20_000)  # the last one has no bankroll
    betting.insert("posts", id=1, user_id=5, post_type="pick")
    seen: Counter[str] = Counter()
    for tick in range(examples(4)):
        as_of = NOON + tick * 2 * HOUR
        place(betting, dice, tick, as_of - HOUR)
        if tick % 3 == 1:
            boundary = as_of + dice.choice([-HOUR, HOUR])
            betting.execute(
                f"UPDATE betting.bankrolls SET weekly_reset_at = '{boundary}' "
                f"WHERE user_id < '{ident(4)}'"
            )
        by_itself = settle_aside(betting, monkeypatch, as_of, 1)
        together = settle_aside(betting, monkeypatch, as_of, 5_000)
        assert together == by_itself
        assert settle_aside(betting, monkeypatch, as_of, 12) == by_itself
        balances = betting.balances()
        assert betting.settle(as_of).details == together[0].details
        steps: Counter[tuple[str, int]] = Counter()
        for game, user, net in settled_in_order(betting, as_of):
            steps[game, user] += net
        for (_game, user), net in steps.items():
            seen["write-offs"] += balances[user] + net < 0
            balances[user] = max(0, balances[user] + net)
        assert betting.balances() == balances
        correct(betting, f"g{tick}-0", as_of)
        seen.update(kind for (kind,) in betting.rows("SELECT kind FROM betting.bankroll_ledger"))
    assert set(betting.broken()) <= {"no_bet_is_stuck"}
    assert min(seen[kind] for kind in ("write-offs", "opening", "reversal", "bet_settled")) > 0
    assert betting.rows(
        "SELECT count(*) > 0 FROM operations.domain_events "
        "WHERE event_type = 'GameSettled' AND split_part(dedupe_key, chr(58), 3) = '2'"
    ) == [(True,)]


def correct(betting: Betting, game_id: str, now: datetime) -> None:
    """A game is not over after all, so its bets are pending again; then it ends another way."""
    for change in ("status = 'live'", "status = 'completed', home_score = 1, away_score = 2"):
        betting.execute(f"UPDATE betting.games SET {change} WHERE id = '{game_id}'")
        if "live" in change and betting.rows(
            f"SELECT 1 FROM betting.game_settlements WHERE game_id = '{game_id}'"
        ):
            with work_by_hand(
                betting.database, betting.settings, done_by="test", dry_run=False, now=now
            ) as work:
                resettle_game(work, game_id, "it goes on")


def play_two_games(betting: Betting) -> None:
    """Two games that are over, the earlier one's winner has a balance that takes no more."""
    betting.join(1, balance=100)
    betting.join(2, balance=2**63 - 50)
    betting.game("a", 24, 20, completed_at=OUTCOME_AT - HOUR)
    betting.game("b", 24, 20)
    betting.bet(1, 2, "a", created_at=NOON - 9 * HOUR)
    betting.bet(2, 1, "a", created_at=NOON - 9 * HOUR)
    betting.bet(3, 1, "b")


@pytest.mark.parametrize("limit", [None, 1])
def test_games_of_a_unit_that_is_refused_are_tried_one_by_one_in_a_dry_run_too(
    betting: Betting, limit: int | None
) -> None:
    play_two_games(betting)
    tried = betting.settle(dry_run=True, limit=limit)
    assert betting.results()[3][0] == "pending"
    result = betting.settle(limit=limit)
    assert result == tried
    assert (result.success, result.affected) == (False, 1)
    assert "games not settled: a: betting/post_results: " in result.message
    assert [betting.results()[bet][0] for bet in (1, 2, 3)] == ["pending", "pending", "won"]
    assert betting.broken() == []


def test_a_bet_that_the_app_holds_keeps_its_own_game_waiting_and_no_other(
    betting: Betting,
) -> None:
    betting.join(1)
    for game in ("a", "b", "c"):
        betting.game(game, 24, 20)
    for bet, game in enumerate("abc"):
        betting.bet(bet, 1, game)
    patient = betting.database
    betting.database = replace(patient, lock_timeout_seconds=0.2)
    with patient.transaction(commit=False) as app:
        app._connection.use(
            "hold",
            lambda cursor: cursor.execute(
                "SELECT 1 FROM betting.bets WHERE game_id = 'b' FOR UPDATE"
            ),
        )
        result = betting.settle()
    assert (result.success, result.affected) == (False, 2)
    assert "games not settled: b: " in result.message
    assert [betting.results()[bet][0] for bet in range(3)] == ["won", "pending", "won"]
    assert betting.settle(NOON + HOUR).affected == 1


@pytest.mark.parametrize("moment", ["while the bets are graded", "while they are paid"])
def test_the_app_places_a_bet_on_a_game_that_is_being_settled_and_does_not_wait(
    betting: Betting, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    betting.join(1, 2)
    for bet, game in enumerate("ab"):
        betting.game(game, 24, 20)
        betting.bet(bet, 1, game)
    module, name = {
        "while the bets are graded": (settlement, "grade_bets"),
        "while they are paid": (game_settlements, "_publish"),
    }[moment]
    go_on = getattr(module, name)

    def place_meanwhile(*arguments: object, **options: object) -> pd.DataFrame:
        # At once: what settlement holds is what it settles.
        betting.execute(
            "SET LOCAL lock_timeout = '100ms';"
            "INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at) "
            f"""VALUES ('{ident(9)}', '{ident(2)}', 'b', 'moneyline', '{{"team": "Owls"}}', 700, 100, """
            f"'{NOON - 5 * HOUR}')"
        )
        return go_on(*arguments, **options)

    monkeypatch.setattr(module, name, place_meanwhile)
    result = betting.settle()
    assert (result.affected, result.details["bets_left_pending"]) == (2, 0)
    assert betting.results()[9] == ("pending", None, None)
    monkeypatch.undo()
    assert betting.settle(NOON + HOUR).affected == 1
    assert betting.results()[9] == ("lost", 0, -700)
    assert betting.rows("SELECT game_id, bets, left_pending FROM betting.game_settlements") == [
        ("a", 1, 0),
        ("b", 2, 0),
    ]
    assert betting.broken() == []


def test_units_are_whole_games_in_their_order() -> None:
    bets = {"a": 3_000, "b": 2_000, "c": 1, "d": 9_000, "e": 4_999, "f": 1}
    games = [{"game_id": game, "bets": number} for game, number in bets.items()]
    assert game_settlements.pack(games) == [("a", "b"), ("c",), ("d",), ("e", "f")]
