"""What results, corrections and resets do to a balance, in cents."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.betting.rules.bankrolls import (
    close_week,
    correct_results,
    find_missing_write_offs,
    order_entries,
    reset_entries,
    restore_accounts,
    write_off_entries,
)

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def moves(*rows: dict) -> pd.DataFrame:
    """Entries in order, each of a run and a game of its own unless it says another."""
    frame = pd.DataFrame(
        [
            {
                "entry_id": i,
                "user_id": "ann",
                "kind": "bet_settled",
                "run_id": f"r{i}",
                "game_id": f"g{i}",
            }
            | {"chain_id": i, "effective_at": MONDAY - HOUR}
            | row
            for i, row in enumerate(rows, 1)
        ],
        columns=[
            *(
                "entry_id",
                "user_id",
                "kind",
                "run_id",
                "game_id",
                "chain_id",
                "effective_at",
                "amount",
            ),
        ],
    )
    return frame.astype({"amount": "int64", "effective_at": "datetime64[us, UTC]"})


def missing(begun_with: int, *rows: dict) -> int:
    return int(find_missing_write_offs(moves(*rows), pd.Series({"ann": begun_with}))["ann"])


def test_what_adds_comes_before_what_takes_and_each_entry_knows_the_balance_after_it() -> None:
    entries = pd.DataFrame(
        [
            ("bob", "bet_settled", -5, "b1", 7),
            ("ann", "bet_settled", -30, "b2", 10),
            ("ann", "bet_settled", 25, "b4", 10),
            ("ann", "bet_settled", 25, "b3", 10),
            ("ann", "write_off", 25, None, 10),
        ],
        columns=["user_id", "kind", "amount", "bet_id", "balance"],
    )
    ordered = order_entries(entries)
    assert ordered[["user_id", "kind", "amount", "balance_after"]].values.tolist() == [
        ["ann", "write_off", 25, 35],
        ["ann", "bet_settled", 25, 60],
        ["ann", "bet_settled", 25, 85],
        ["ann", "bet_settled", -30, 55],
        ["bob", "bet_settled", -5, 2],
    ]
    assert list(ordered.index) == [0, 1, 2, 3, 4]
    assert ordered["bet_id"].iloc[1:4].tolist() == ["b3", "b4", "b2"]


def test_a_loss_that_the_balance_bears_is_written_off_by_nobody() -> None:
    assert missing(100, {"amount": -100}) == 0
    assert missing(100, {"amount": -101}) == 1


def test_what_a_later_win_pays_back_is_written_off_all_the_same() -> None:
    assert missing(100, {"amount": -150}, {"amount": 80}) == 50
    assert missing(100, {"amount": 80}, {"amount": -150}) == 0


def test_what_one_run_posts_of_a_game_counts_at_once() -> None:
    game = {"run_id": "r", "game_id": "g"}
    assert missing(100, game | {"amount": -150}, game | {"amount": 80}) == 0
    assert missing(100, game | {"amount": -150}, game | {"amount": 80, "game_id": "h"}) == 50
    assert missing(100, game | {"amount": -150}, game | {"amount": 80, "run_id": "s"}) == 50
    # Without a game too, as what is done by hand.
    by_hand = {"run_id": "r", "game_id": None}
    assert missing(100, by_hand | {"amount": -150}, by_hand | {"amount": 80}) == 0
    assert missing(100, by_hand | {"amount": -150}, by_hand | {"amount": 80, "run_id": "s"}) == 50


def test_a_correction_counts_in_the_place_of_what_it_corrects() -> None:
    lost, won = {"amount": -150}, {"amount": 90}
    taken_back = {"amount": 150, "kind": "reversal", "chain_id": 1}
    right = {"amount": 60, "chain_id": 1, "run_id": "r3", "game_id": "g3"}
    assert missing(100, lost, won) == 50
    assert missing(100, lost, won, taken_back, right) == 0
    # The other way round: what was won was not, and then the loss behind it was too much.
    won_first, lost_then = {"amount": 90}, {"amount": -150}
    not_won = {"amount": -90, "kind": "reversal", "chain_id": 1}
    assert missing(100, won_first, lost_then) == 0
    assert missing(100, won_first, lost_then, not_won) == 50


def test_what_was_written_off_already_is_not_missing_and_too_much_of_it_is_below_zero() -> None:
    loss, written = {"amount": -150}, {"kind": "write_off"}
    assert missing(100, loss, written | {"amount": 50}) == 0
    assert missing(100, loss, written | {"amount": 20}) == 30
    assert missing(100, loss, written | {"amount": 80}) == -30
    reversal = {"kind": "write_off_reversal", "amount": -30}
    assert missing(100, loss, written | {"amount": 80}, reversal) == 0


def test_each_account_has_write_offs_of_its_own_in_the_order_asked_for() -> None:
    movements = moves(
        {"amount": -150}, {"user_id": "bob", "amount": -10}, {"user_id": "bob", "amount": -9}
    )
    starts = pd.Series({"cem": 0, "bob": 5, "ann": 100})
    found = find_missing_write_offs(movements, starts)
    assert found.to_dict() == {"cem": 0, "bob": 14, "ann": 50}
    assert list(found.index) == ["cem", "bob", "ann"]


def test_entries_count_in_the_order_of_their_ids_however_they_come() -> None:
    movements = moves({"amount": 80}, {"amount": -150})
    starts = pd.Series({"ann": 100})
    assert find_missing_write_offs(movements[::-1], starts)["ann"] == 0


def close(balance: int, *rows: dict, wagered: int = 0, referrals: int = 0) -> dict:
    accounts = pd.DataFrame(
        {
            "user_id": ["ann"],
            "balance": [balance],
            "wagered": [wagered],
            "referral_count": [referrals],
        }
    )
    return close_week(accounts, moves(*rows), MONDAY).loc[0].to_dict()


def test_a_week_closes_with_its_net_and_its_adjustments_apart() -> None:
    closed = close(
        1300,
        {"amount": 500},
        {"amount": -300},
        {"kind": "promotion", "amount": 70},
        {"kind": "deposit", "amount": 40},
        {"kind": "correction", "amount": -10},
        wagered=800,
        referrals=2,
    )
    assert closed == {
        "user_id": "ann",
        "balance": 1300,
        "wagered": 800,
        "referral_count": 2,
        "opening": 1000,
        "closing": 1300,
        "net": 200,
        "adjustments": 100,
        "roi": 0.25,
        "weekly_deposit": 100_000,
        "referral_bonus": 20_000,
        "amount": 120_000 - 1300,
        "write_off": 0,
        "since_write_off": 0,
        "balance_after": 120_000,
    }


def test_what_moved_at_the_boundary_or_later_is_kept_on_top_of_the_target() -> None:
    closed = close(
        1300,
        {"amount": 200, "effective_at": MONDAY - MOMENT},
        {"amount": 100, "effective_at": MONDAY},
    )
    assert (closed["opening"], closed["closing"], closed["net"]) == (1000, 1200, 200)
    assert (closed["amount"], closed["balance_after"]) == (100_000 - 1200, 100_100)
    assert pd.isna(closed["roi"])
    assert close(1300, {"amount": 2}, wagered=1)["roi"] == 2.0


@pytest.mark.parametrize(
    ("ago", "net"), [(timedelta(days=7), 200), (timedelta(days=7) + MOMENT, 0)]
)
def test_a_week_missed_counts_before_the_one_that_closes(ago: timedelta, net: int) -> None:
    closed = close(1200, {"amount": 200, "effective_at": MONDAY - ago})
    assert (closed["net"], closed["closing"], closed["opening"]) == (net, 1200, 1200 - net)


def test_write_offs_of_the_week_and_of_what_came_since_are_apart() -> None:
    # The week began with 100, lost 150, and nobody wrote off what was missing.
    closed = close(-50, {"amount": -150})
    assert (closed["write_off"], closed["closing"], closed["net"]) == (50, 0, -100)
    assert closed["opening"] == 100
    # Since then more was lost than the new target can pay.
    since = close(-200_000, {"amount": -200_000, "effective_at": MONDAY})
    assert (since["write_off"], since["since_write_off"]) == (0, 100_000)
    assert (since["closing"], since["balance_after"]) == (0, 0)


def test_the_entries_of_a_reset_are_of_the_week_they_belong_to() -> None:
    accounts = pd.DataFrame(
        {"user_id": ["ann"], "balance": [-200_050], "wagered": [0], "referral_count": [0]}
    )
    movements = moves({"amount": -150}, {"amount": -200_000, "effective_at": MONDAY})
    entries = reset_entries(close_week(accounts, movements, MONDAY), date(2026, 3, 9))
    told = entries[["kind", "amount", "balance_after", "week_start", "effective_at"]]
    monday, sunday = pd.Timestamp(MONDAY), pd.Timestamp(MONDAY - MOMENT)
    assert told.values.tolist() == [
        ["write_off", 100_000, -100_050, pd.Timestamp("2026-03-09"), monday],
        ["weekly_reset", 100_000, -50, pd.Timestamp("2026-03-09"), monday],
        ["write_off", 50, 0, pd.Timestamp("2026-03-02"), sunday],
    ]


def correct(balance: int, rows: list[dict], *corrections: dict) -> list[list]:
    movements = moves(*rows)
    posted = pd.DataFrame(
        [
            {"user_id": "ann", "bet_id": "b", "chain_id": 1, "run_id": "r", "game_id": "g"} | c
            for c in corrections
        ]
    )
    entries = correct_results(posted, movements, pd.Series({"ann": balance}))
    return entries[["kind", "amount", "balance_after"]].values.tolist()


def test_a_corrected_loss_takes_its_write_off_with_it() -> None:
    rows = [{"amount": -150}, {"kind": "write_off", "amount": 50}, {"amount": 30}]
    assert correct(
        30, rows, {"kind": "reversal", "amount": 150}, {"kind": "bet_settled", "amount": 20}
    ) == [
        ["reversal", 150, 180],
        ["bet_settled", 20, 200],
        ["write_off_reversal", -50, 150],
    ]


def test_a_correction_of_the_first_movement_there_is_counts_as_it_comes() -> None:
    assert correct(100, [], {"kind": "reversal", "amount": -130}) == [
        ["write_off", 30, 130],
        ["reversal", -130, 0],
    ]


def test_who_has_no_movement_has_nothing_written_off_by_the_corrections_of_others() -> None:
    corrections = pd.DataFrame(
        [
            {
                "user_id": "ann",
                "kind": "reversal",
                "amount": -5,
                "bet_id": "b",
                "chain_id": 1,
                "run_id": "r",
                "game_id": "g",
            }
        ]
    )
    entries = correct_results(corrections, moves({"amount": 10}), pd.Series({"ann": 10, "bob": 3}))
    assert entries[["user_id", "amount", "balance_after"]].values.tolist() == [["ann", -5, 5]]


def restore(ledger_sum: int, due: int, *rows: dict) -> list[list]:
    accounts = pd.DataFrame({"user_id": ["ann"], "ledger_sum": [ledger_sum], "due": [due]})
    entries = restore_accounts(accounts, moves(*rows))
    return entries[["kind", "amount", "balance_after"]].values.tolist()


def test_an_account_is_brought_to_what_is_due_and_its_write_offs_are_mended() -> None:
    assert restore(100, 130) == [["restoration", 30, 130]]
    assert restore(100, 100) == [["restoration", 0, 100]]
    # It was believed to have had 20 when it lost 70; it had 50 more.
    assert restore(0, 50, {"amount": -70}, {"kind": "write_off", "amount": 50}) == [
        ["restoration", 50, 50],
        ["write_off_reversal", -50, 0],
    ]


def test_an_entry_mends_what_is_missing_and_another_what_is_too_much() -> None:
    entries = write_off_entries(pd.Series({"ann": 5, "bob": 0, "cem": -7}))
    assert entries[["user_id", "kind", "amount"]].values.tolist() == [
        ["ann", "write_off", 5],
        ["cem", "write_off_reversal", -7],
    ]
    assert entries["bet_id"].isna().all()


def test_a_correction_of_a_later_bet_stays_behind_what_came_before_it() -> None:
    rows = [{"amount": 80}, {"amount": -150}]
    assert correct(
        30,
        rows,
        {"kind": "reversal", "amount": 150, "chain_id": 2},
        {"kind": "bet_settled", "amount": -120, "chain_id": 2},
    ) == [["reversal", 150, 180], ["bet_settled", -120, 60]]


def test_a_correction_of_what_was_posted_before_the_last_reset_comes_behind_all_since() -> None:
    rows = [{"amount": 10}, {"amount": -150}, {"kind": "write_off", "amount": 40}]
    late = {"kind": "bet_settled", "amount": 60, "chain_id": 99}
    assert correct(0, rows, late) == [["bet_settled", 60, 60]]
