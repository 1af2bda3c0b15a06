"""What was settled wrongly is settled again by entries that compensate; nothing is edited."""

from datetime import UTC, datetime

import pytest

from trc_pipelines.betting import jobs
from trc_pipelines.betting.corrections import (
    adjust_bankroll,
    resettle_game,
    restore_bankroll,
    work_by_hand,
)
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.betting.conftest import DAY, HOUR, Betting, ident
from trc_pipelines_tests.world import NOON

# What is tried here are rules and statements, not the server.
pytestmark = pytest.mark.either

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
LEDGER = (
    "SELECT kind, amount, balance_after FROM betting.bankroll_ledger WHERE user_id = '{}' "
    "ORDER BY entry_id"
)
HISTORY = (
    "SELECT opening, net, adjustments, closing, won, lost FROM betting.bankroll_weekly_history "
    "ORDER BY week_start, user_id"
)


def resettle(
    betting: Betting, game: str = "g", at: datetime = NOON + HOUR, *, dry_run: bool = False
) -> str:
    with work_by_hand(
        betting.database, betting.settings, done_by="cli: alice", dry_run=dry_run, now=at
    ) as work:
        return resettle_game(work, game, " the league \n corrected it ")


def adjust(
    betting: Betting, user: int, amount: int, kind: str = "promotion", key: str | None = None,
    at: datetime = NOON + HOUR, *, dry_run: bool = False,
) -> str:  # fmt: skip
    with work_by_hand(
        betting.database, betting.settings, done_by="cli: alice", dry_run=dry_run, now=at
    ) as work:
        return adjust_bankroll(work, ident(user), amount, kind, "raffle", key)


def restore(
    betting: Betting, user: int = 1, at: datetime = NOON + HOUR, *, dry_run: bool = False
) -> str:
    with work_by_hand(
        betting.database, betting.settings, done_by="cli: alice", dry_run=dry_run, now=at
    ) as work:
        return restore_bankroll(work, ident(user), " somebody \n used SQL")


def move_by_hand(betting: Betting, cents: int, user: int = 1) -> None:
    """What nobody may: a balance is changed, and the ledger does not know."""
    betting.execute(
        f"UPDATE betting.bankrolls SET balance = balance + {cents} WHERE user_id = '{ident(user)}'"
    )


def entries(betting: Betting, user: int = 1) -> list[tuple]:
    return betting.rows(LEDGER.format(ident(user)))


@pytest.fixture
def settled(betting: Betting) -> Betting:
    """Hawks beat Owls 24:20: 1 won, 2 lost, 3 had a push."""
    betting.join(1, 2, 3)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g", odds=100)
    betting.bet(2, 2, "g", "Owls", odds=100, is_tail=True)
    betting.bet(3, 3, "g", bet_type="spread", line="-4")
    betting.settle()
    return betting


@pytest.mark.parametrize(
    ("change", "results", "balances"),
    [
        ("home_score = 10", ["lost", "won", "lost"], [90_000, 110_000, 90_000]),
        ("away_score = 24", ["push", "push", "lost"], [100_000, 100_000, 90_000]),
        ("home_score = 25", ["won", "lost", "won"], [110_000, 90_000, 109_090]),
        ("status = 'cancelled'", ["cancelled"] * 3, [100_000] * 3),
        ("status = 'live', home_score = NULL", ["pending"] * 3, [100_000] * 3),
        ("status = 'postponed'", ["pending"] * 3, [100_000] * 3),
        (f"commence_time = '{NOON - 5 * HOUR}'", ["cancelled"] * 3, [100_000] * 3),
    ],
)
def test_a_correction_gives_what_the_right_result_would_have_given(
    settled: Betting, change: str, results: list, balances: list
) -> None:
    settled.run(jobs.STATS_ROLLUP, NOON)
    settled.execute(f"UPDATE betting.games SET {change}")
    before = settled.state()
    rehearsed = resettle(settled, dry_run=True)
    assert settled.state() == before
    assert resettle(settled) == rehearsed
    assert [settled.results()[bet][0] for bet in (1, 2, 3)] == results
    assert [settled.balances()[user] for user in (1, 2, 3)] == balances
    assert settled.broken() == []
    after = settled.state()
    assert "nothing is to be corrected" in resettle(settled, at=NOON + 2 * HOUR)
    assert settled.state() == after
    settled.run(jobs.STATS_ROLLUP, NOON + 2 * HOUR)
    settled.run(jobs.BADGE_CALCULATION, NOON + 2 * HOUR)
    assert settled.broken() == []
    counted = "SELECT sum(won + lost + push + cancelled)::bigint FROM betting.user_stats WHERE period = 'day'"
    assert settled.rows(counted) == [(3 if "pending" not in results else None,)]


def test_a_correction_is_told_with_its_reason_and_who_did_it(settled: Betting) -> None:
    settled.execute("UPDATE betting.games SET home_score = 25")
    done = resettle(settled)
    assert "settled by 25:20 instead of 24:20 (round 2); 1 of 3 bets changed (1 won)" in done
    assert settled.rows(
        "SELECT round, was, is_now, bets, net, reason, corrected_by FROM betting.game_corrections"
    ) == [(2, "24:20", "25:20", 1, 9_090, "the league corrected it", "cli: alice")]
    assert entries(settled, 3) == [
        ("opening", 100_000, 100_000), ("bet_settled", 0, 100_000),
        ("bet_settled", 9_090, 109_090), ("reversal", 0, 109_090),
    ]  # fmt: skip
    assert settled.told(3) == ["bet_push", "bet_won"]
    assert settled.told(1) == ["bet_won"]
    (bet,) = settled.events("BetResettled")
    assert (bet["bet_id"], bet["outcome"], bet["net"]) == (ident(3), "won", 9_090)
    assert (bet["previous_outcome"], bet["previous_net"], bet["round"]) == ("push", 0, 2)
    (game,) = settled.events("GameResettled")
    assert (game["was"], game["is_now"], game["bets_corrected"]) == ("24:20", "25:20", 1)
    assert settled.rows("SELECT won, lost, push, net FROM betting.game_settlements") == [
        (2, 1, 0, 9_090)
    ]
    with pytest.raises(Exception, match="its rows are kept"):
        settled.execute("UPDATE betting.game_corrections SET reason = 'another'")


def test_another_score_with_the_same_outcomes_is_recorded_and_moves_nothing(
    betting: Betting,
) -> None:
    betting.join(1)
    betting.game("g", 24, 20)
    betting.bet(1, 1, "g")
    betting.settle()
    betting.execute("UPDATE betting.games SET home_score = 31")
    assert betting.broken() == ["results_stand_as_settled"]
    assert "0 of 1 bet changed" in resettle(betting)
    assert (betting.broken(), len(entries(betting))) == ([], 2)


def test_a_game_is_corrected_as_often_as_it_takes(settled: Betting) -> None:
    for number, home in enumerate([10, 24, 10, 30]):
        settled.execute(f"UPDATE betting.games SET home_score = {home}")
        resettle(settled, at=NOON + number * HOUR)
        assert settled.broken() == []
    assert settled.balances() == {1: 110_000, 2: 90_000, 3: 109_090}
    assert [row[0] for row in settled.rows("SELECT round FROM betting.game_corrections ORDER BY 1")] == [
        2, 3, 4, 5,
    ]  # fmt: skip


def test_a_result_that_was_lowered_can_be_corrected_again(settled: Betting) -> None:
    """What takes is posted after what gives: the reversal of a win comes after its new result."""
    settled.execute("UPDATE betting.games SET away_score = 24")
    resettle(settled)
    settled.execute("UPDATE betting.games SET status = 'cancelled'")
    assert "3 of 3 bets changed (3 cancelled)" in resettle(settled, at=NOON + 2 * HOUR)
    assert settled.broken() == []


def test_a_game_that_is_opened_again_settles_by_itself_when_it_is_over(settled: Betting) -> None:
    settled.execute("UPDATE betting.games SET status = 'live'")
    resettle(settled)
    assert settled.rows("SELECT * FROM betting.game_settlements") == []
    settled.execute("UPDATE betting.games SET status = 'completed', home_score = 10")
    assert settled.settle(NOON + 2 * HOUR).affected == 3
    assert settled.balances() == {1: 90_000, 2: 110_000, 3: 90_000}
    assert settled.told(1) == ["bet_won", "system", "bet_lost"]
    assert len(settled.events("GameSettled")) == 2
    assert settled.broken() == []
    settled.execute("UPDATE betting.games SET home_score = 40")
    resettle(settled, at=NOON + 3 * HOUR)
    assert settled.balances() == {1: 110_000, 2: 90_000, 3: 109_090}
    assert settled.broken() == []


def test_what_a_wrong_loss_had_written_off_is_as_if_it_had_been_right_at_once(
    betting: Betting,
) -> None:
    betting.join(1, balance=30_000)
    betting.game("g", 24, 20)
    betting.game("h", 24, 20, completed_at=NOON - HOUR / 2)
    betting.bet(1, 1, "g", "Owls", stake=50_000, odds=100)
    betting.bet(2, 1, "h", "Owls", stake=20_000)
    betting.settle()
    assert betting.balances() == {1: 0}
    betting.execute("UPDATE betting.games SET home_score = 1 WHERE id = 'g'")
    resettle(betting)
    assert betting.balances() == {1: 60_000}  # 30,000 + 50,000 - 20,000
    betting.execute("UPDATE betting.games SET home_score = 24 WHERE id = 'g'")
    resettle(betting, at=NOON + 2 * HOUR)
    assert betting.balances() == {1: 0}
    assert betting.rows(
        "SELECT sum(amount)::bigint FROM betting.bankroll_ledger WHERE kind LIKE 'write_off%'"
    ) == [(40_000,)]
    assert betting.broken() == []


def test_a_closed_week_stays_closed_and_its_correction_counts_now(betting: Betting) -> None:
    betting.join(1)
    betting.play(1, 1, "lost", 10_000, MONDAY - DAY)
    betting.settle(MONDAY - HOUR)
    betting.reset(MONDAY)
    archived = betting.rows(HISTORY)
    betting.execute("UPDATE betting.games SET away_score = 9")
    resettle(betting, "g1", MONDAY + HOUR)
    assert betting.balances() == {1: 120_000}
    assert betting.rows(HISTORY) == archived == [(100_000, -10_000, 0, 90_000, 0, 1)]
    betting.execute("UPDATE betting.games SET away_score = 3")  # a push after all
    resettle(betting, "g1", MONDAY + 2 * HOUR)
    betting.reset(MONDAY + 7 * DAY)
    assert betting.rows(HISTORY)[1] == (100_000, 10_000, 0, 110_000, 0, 0)
    assert betting.broken() == []


def test_a_correction_before_a_late_reset_belongs_to_the_week_that_is_still_open(
    betting: Betting,
) -> None:
    betting.join(1)
    betting.play(1, 1, "lost", 10_000, MONDAY - DAY)
    betting.settle(MONDAY - HOUR)
    betting.execute("UPDATE betting.games SET away_score = 9")
    resettle(betting, "g1", MONDAY + HOUR)
    betting.reset(MONDAY + 2 * HOUR)
    assert betting.rows(HISTORY) == [(100_000, 10_000, 0, 110_000, 1, 0)]
    assert betting.balances() == {1: 100_000}


@pytest.mark.parametrize(
    ("game", "change", "error"),
    [
        ("nowhere", "home_score = 1", "there is no game 'nowhere'"),
        ("h", "home_score = 1", "no bet on game h is settled"),
        ("g", "home_score = NULL", "completed and has no score"),
    ],
)
def test_what_cannot_be_corrected_says_so_and_changes_nothing(
    settled: Betting, game: str, change: str, error: str
) -> None:
    settled.game("h")
    settled.execute(f"UPDATE betting.games SET {change} WHERE id = 'g'")
    before = settled.state()
    with pytest.raises(JobError, match=error):
        resettle(settled, game)
    assert settled.state() == before


def test_nothing_is_done_by_hand_without_a_reason(settled: Betting) -> None:
    for reason in ("", " \n"):
        with (
            pytest.raises(JobError, match="needs a reason"),
            work_by_hand(settled.database, settled.settings, done_by="x", dry_run=False) as work,
        ):
            resettle_game(work, "g", reason)


def test_an_adjustment_moves_the_balance_once_and_is_told(betting: Betting) -> None:
    betting.join(1)
    rehearsed = adjust(betting, 1, 5_000, dry_run=True)
    assert betting.state("betting.bankroll_ledger") == {"betting.bankroll_ledger": []}
    assert adjust(betting, 1, 5_000) == rehearsed
    assert betting.balances() == {1: 105_000}
    assert "made already" in adjust(betting, 1, 5_000)
    adjust(betting, 1, 5_000, key="second ticket")
    assert "made already" in adjust(betting, 1, 5_000, key="second ticket")
    with pytest.raises(JobError, match="that of another adjustment"):
        adjust(betting, 1, 6_000, key="second ticket")
    adjust(betting, 1, -10_000, "correction")
    assert entries(betting) == [
        ("opening", 100_000, 100_000), ("promotion", 5_000, 105_000), ("promotion", 5_000, 110_000),
        ("correction", -10_000, 100_000),
    ]  # fmt: skip
    assert betting.told(1) == ["system"] * 3
    assert len(betting.events("BankrollAdjusted")) == 3
    assert betting.rows(
        "SELECT DISTINCT reason, adjusted_by FROM betting.bankroll_adjustments"
    ) == [("raffle", "cli: alice")]
    assert betting.broken() == []


@pytest.mark.parametrize(
    ("user", "amount", "kind", "error"),
    [
        (7, 1, "deposit", "has no bankroll"),
        (1, 0, "correction", "accepts anything but 0"),
        (1, -1, "promotion", "accepts more than 0"),
        (1, -100_001, "correction", r"is \$1,000.00 .* cannot be lowered by more"),
        (1, 10**12 + 1, "deposit", "at most"),
        (1, 1, "gift", "accepts promotion, deposit, correction"),
    ],
)
def test_an_adjustment_that_does_not_fit_is_refused(
    betting: Betting, user: int, amount: int, kind: str, error: str
) -> None:
    betting.join(1)
    with pytest.raises(JobError, match=error):
        adjust(betting, user, amount, kind)
    assert betting.balances() == {1: 100_000}


def test_an_adjustment_is_an_entry_of_its_week_and_no_result_of_bets(betting: Betting) -> None:
    betting.join(1)
    betting.play(1, 1, "won", 1_000, MONDAY - DAY)
    betting.settle(MONDAY - HOUR)
    adjust(betting, 1, 5_000, "deposit", at=MONDAY - HOUR)
    adjust(betting, 1, 300, "deposit", at=MONDAY + HOUR)
    betting.reset(MONDAY + 2 * HOUR)
    assert betting.rows(HISTORY) == [(100_000, 1_000, 5_000, 106_000, 1, 0)]
    assert betting.balances() == {1: 100_300}
    assert betting.broken() == []


def test_a_balance_changed_by_hand_is_put_back_and_told(settled: Betting) -> None:
    move_by_hand(settled, 500)
    assert settled.broken() == ["ledger_sums_match_balances"]
    before = settled.state()
    rehearsed = restore(settled, dry_run=True)
    assert settled.state() == before
    assert restore(settled) == rehearsed
    assert rehearsed == (
        f"the balance of {ident(1)} is $1,100.00 again, as its ledger has it; it was $1,105.00"
    )
    assert (settled.balances()[1], settled.broken()) == (110_000, [])
    assert entries(settled) == [
        ("opening", 100_000, 100_000), ("bet_settled", 10_000, 110_000), ("restoration", 0, 110_000),
    ]  # fmt: skip
    assert settled.rows(
        "SELECT kind, amount, reason, adjusted_by FROM betting.bankroll_adjustments"
    ) == [("restoration", -500, "somebody used SQL", "cli: alice")]
    assert settled.told(1) == ["bet_won", "system"]
    (told,) = settled.events("BankrollAdjusted")
    assert told == {
        "user_id": ident(1), "kind": "restoration", "amount": -500, "new_balance": 110_000,
        "reason": "somebody used SQL",
    }  # fmt: skip
    after = settled.state()
    assert "nothing is to be restored" in restore(settled)
    assert settled.state() == after
    move_by_hand(settled, -500)
    restore(settled)
    move_by_hand(settled, -500)
    restore(settled)
    assert (settled.balances()[1], settled.broken()) == (110_000, [])
    assert len(settled.events("BankrollAdjusted")) == 3


def test_a_bankroll_that_no_entry_speaks_of_is_as_the_app_made_it(betting: Betting) -> None:
    betting.join(1, balance=70_000)
    assert "nothing is to be restored" in restore(betting)
    assert betting.balances() == {1: 70_000}


def test_only_a_bankroll_that_is_there_is_restored(settled: Betting) -> None:
    with pytest.raises(JobError, match="has no bankroll"):
        restore(settled, 7)
    with (
        pytest.raises(JobError, match="user somebody has no bankroll"),
        work_by_hand(settled.database, settled.settings, done_by="x", dry_run=False) as work,
    ):
        restore_bankroll(work, "somebody", "why")
    with (
        pytest.raises(JobError, match="needs a reason"),
        work_by_hand(settled.database, settled.settings, done_by="x", dry_run=False) as work,
    ):
        restore_bankroll(work, ident(1), " ")


@pytest.mark.parametrize("by_hand", [500, -500, 10_000_000, -29_999, 25_000])
@pytest.mark.parametrize("week_ends", [False, True])
@pytest.mark.parametrize("again", [0, 700])
def test_what_happened_on_a_wrong_balance_is_as_if_it_had_been_right(
    betting: Betting, by_hand: int, *, week_ends: bool, again: int
) -> None:
    """Losses that were written off, gains, a weekly reset: whatever came between change and command."""
    betting.join(1, 2, balance=30_000)
    betting.execute("UPDATE betting.users SET created_at = '2026-02-01'")
    for user in (1, 2):
        betting.play(user, user, "won", 1_000, MONDAY - 4 * DAY)
    betting.settle(MONDAY - 4 * DAY)
    move_by_hand(betting, by_hand)
    for user in (1, 2):
        betting.play(10 + user, user, "lost", 50_000, MONDAY - 2 * DAY)
        betting.play(20 + user, user, "won", 2_000, MONDAY - DAY)
    betting.settle(MONDAY - 2 * DAY)
    betting.settle(MONDAY - DAY)
    if week_ends:
        betting.reset(MONDAY)
        for user in (1, 2):
            betting.play(30 + user, user, "lost", 150_000, MONDAY + HOUR)
            betting.play(40 + user, user, "won", 3_000, MONDAY + 2 * HOUR)
        betting.settle(MONDAY + HOUR)
        betting.settle(MONDAY + 2 * HOUR)
    move_by_hand(betting, again)
    restore(betting, at=MONDAY + 3 * HOUR)
    balances = betting.balances()
    assert balances[1] == balances[2]
    assert betting.broken() == []
    # It stays right: what comes later is reckoned from the right beginning.
    monday = MONDAY + 7 * DAY
    for user in (1, 2):
        betting.play(50 + user, user, "lost", 1_000, MONDAY + 4 * HOUR)
    betting.settle(MONDAY + 4 * HOUR)
    betting.execute("UPDATE betting.games SET away_score = 4 WHERE id IN ('g21', 'g22')")
    for game in ("g21", "g22"):
        resettle(betting, game, MONDAY + 5 * HOUR)
    if not week_ends:
        betting.reset(MONDAY)
    betting.reset(monday)
    history = (
        f"{HISTORY[: HISTORY.index(' ORDER')]} WHERE user_id = '{{}}' AND week_start = '2026-03-09'"
    )
    assert betting.rows(history.format(ident(1))) == betting.rows(history.format(ident(2)))
    balances = betting.balances()
    assert balances[1] == balances[2]
    assert betting.broken() == []


@pytest.mark.parametrize(
    "edit",
    [
        "status = 'won', payout = 20000, net = 10000",
        "status = 'push', payout = 10000, net = 0",
        "net = net + 1",
        "payout = 5",
        "status = 'pending', payout = NULL, net = NULL, settled_at = NULL",
    ],
)
def test_a_settled_bet_changed_by_hand_is_put_back(settled: Betting, edit: str) -> None:
    """Its entries say what the user was paid: they are what is compared, not the bet."""
    settled.execute(f"UPDATE betting.bets SET {edit} WHERE id = '{ident(2)}'")
    before = settled.results()
    done = resettle(settled)
    assert "settled again by 24:20 (round 2); 1 of 3 bets changed (1 lost)" in done
    assert "moves balances by $0.00" in done
    assert settled.results() == before | {2: ("lost", 0, -10_000)}
    assert settled.balances() == {1: 110_000, 2: 90_000, 3: 100_000}
    assert settled.broken() == []
    (told,) = settled.events("BetResettled")
    assert (told["bet_id"], told["outcome"], told["net"]) == (ident(2), "lost", -10_000)
    assert "nothing is to be corrected" in resettle(settled, at=NOON + 2 * HOUR)
    assert settled.settle(NOON + 2 * HOUR).affected == 0


def test_a_settled_bet_that_was_made_pending_by_hand_stops_no_other_bet(settled: Betting) -> None:
    settled.execute(
        "UPDATE betting.bets SET status = 'pending', payout = NULL, net = NULL, settled_at = NULL "
        f"WHERE id = '{ident(1)}'"
    )
    settled.bet(4, 2, "g", odds=100)
    done = settled.settle(NOON + HOUR)
    assert (done.affected, done.details["bets_left_pending"]) == (1, 1)
    assert "was settled before" in done.message
    assert "trc games resettle" in done.message
    assert settled.results()[4] == ("won", 20_000, 10_000)
    assert settled.settle(NOON + 2 * HOUR).affected == 0
    resettle(settled, at=NOON + 3 * HOUR)
    assert settled.results()[1] == ("won", 20_000, 10_000)
    assert settled.balances() == {1: 110_000, 2: 100_000, 3: 100_000}
    assert settled.broken() == []


def test_a_bet_and_its_score_corrected_by_hand_are_paid_as_well(settled: Betting) -> None:
    settled.execute("UPDATE betting.games SET home_score = 10")
    settled.execute(
        "UPDATE betting.bets SET status = 'won', payout = 20000, net = 10000 "
        f"WHERE id = '{ident(2)}'"
    )
    assert "3 of 3 bets changed" in resettle(settled)
    assert settled.balances() == {1: 90_000, 2: 110_000, 3: 90_000}
    assert settled.broken() == []
