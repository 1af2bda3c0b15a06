"""The audit of a reading: what it believes and what it does not."""

import pandas as pd
import pytest

from trc_pipelines.community.snapshots import Audit, Thresholds, audit_snapshot, build_snapshot

THRESHOLDS = Thresholds(
    missing_share=0.2, dropped_share=0.2, total_drop_share=0.1, implausible_share=0.2, gain=10**6
)


def accounts(last_xp: list[int | None]) -> pd.DataFrame:
    """Linked accounts 1, 2, 3 … with what was known of them."""
    known = pd.array(last_xp, dtype="Int64")
    ids = range(1, len(last_xp) + 1)
    return pd.DataFrame(
        {
            "discord_id": list(ids),
            "member_id": [f"m{i}" for i in ids],
            "last_xp": known,
            "is_present": pd.array(~pd.isna(known), dtype="boolean"),
        }
    )


def players(xp: dict[int, int]) -> pd.DataFrame:
    """A board."""
    frame = pd.DataFrame({"discord_id": list(xp), "xp": list(xp.values())}, dtype="int64")
    nothing = pd.array([None] * len(xp), dtype="Int64")
    return frame.assign(level=nothing, message_count=nothing)


def audit(before: list[int | None], now: dict[int, int], **changes: object) -> Audit:
    """Judge a reading of guild 7 at sync 200 after sync 100."""
    linked = accounts(before)
    arguments = {
        "board_is_empty": not now,
        "xp_rate": 1.0,
        "guild_id": 7,
        "last_guild_id": 7,
        "sync_id": 200,
        "last_sync_id": 100,
        "thresholds": THRESHOLDS,
    }
    return audit_snapshot(linked, build_snapshot(linked, players(now), 200), **arguments | changes)


BOARD = {i: 1_000 + i for i in range(1, 31)}
KNOWN = list(BOARD.values())


def test_the_same_board_is_believed() -> None:
    assert audit(KNOWN, BOARD).passed


def test_a_first_reading_is_believed() -> None:
    assert audit([None] * 30, BOARD, last_guild_id=None, last_sync_id=None).passed


@pytest.mark.parametrize(
    ("lost", "is_believed"), [(4, True), (6, True), (7, False), (30, False)], ids=str
)
def test_losing_more_than_a_fifth_of_the_members_is_not_believed(
    lost: int, is_believed: bool
) -> None:
    kept = {account: xp for account, xp in BOARD.items() if account > lost}
    assert audit(KNOWN, kept).passed is is_believed


@pytest.mark.parametrize(("dropped", "is_believed"), [(6, True), (7, False)], ids=str)
def test_a_drop_of_more_than_a_fifth_of_the_members_is_not_believed(
    dropped: int, is_believed: bool
) -> None:
    now = {account: xp - (account <= dropped) for account, xp in BOARD.items()}
    assert audit(KNOWN, now).passed is is_believed


def test_a_board_reset_is_not_believed() -> None:
    findings = audit(KNOWN, dict.fromkeys(BOARD, 0)).findings
    assert any("board reset" in finding for finding in findings)


def test_a_reset_of_a_community_of_two_is_not_believed() -> None:
    assert not audit([900, 800], {1: 0, 2: 0}).passed


def test_an_admin_may_correct_one_member_of_a_small_community() -> None:
    assert audit([900, 800], {1: 0, 2: 800}).passed
    assert audit([900], {1: 0}).passed


@pytest.mark.parametrize(("raised", "is_believed"), [(6, True), (7, False), (30, False)], ids=str)
def test_impossible_gains_of_more_than_a_fifth_of_the_members_are_not_believed(
    raised: int, is_believed: bool
) -> None:
    now = {account: xp + 751 * (account <= raised) for account, xp in BOARD.items()}
    assert audit(KNOWN, now).passed is is_believed
    # What an hour, or a guild with double XP, can give is as much more.
    assert audit(KNOWN, now, last_sync_id=200 - 3600).passed
    assert audit(KNOWN, now, xp_rate=2.0).passed


def test_a_board_a_thousand_times_as_high_is_not_believed() -> None:
    findings = audit(KNOWN, {account: 1000 * xp for account, xp in BOARD.items()}).findings
    assert any("than chatting can give" in finding for finding in findings)


@pytest.mark.parametrize(
    ("gain", "is_believed"), [(10**6, True), (10**6 + 1, False), (10**9, False)]
)
def test_one_member_may_be_given_a_million_xp_at_once_and_no_more(
    gain: int, is_believed: bool
) -> None:
    assert audit(KNOWN, BOARD | {1: BOARD[1] + gain}).passed is is_believed
    # A first figure is a baseline: it gains nothing.
    assert audit([None, *KNOWN[1:]], BOARD | {1: 10**9}).passed


def test_an_empty_board_is_not_believed_where_there_were_players() -> None:
    assert not audit([900], {}).passed
    assert audit([None], {}).passed


def test_another_guild_and_an_older_reading_are_not_believed() -> None:
    assert not audit(KNOWN, BOARD, last_guild_id=8).passed
    assert not audit(KNOWN, BOARD, last_sync_id=200).passed
    assert not audit(KNOWN, BOARD, last_sync_id=300).passed


def test_a_linked_account_off_the_board_has_a_row_with_zero_xp() -> None:
    snapshot = build_snapshot(accounts([None, None]), players({2: 5, 99: 1}), 200)
    assert snapshot["discord_id"].tolist() == [1, 2]
    assert snapshot["xp"].tolist() == [0, 5]
    assert snapshot["is_present"].tolist() == [False, True]
