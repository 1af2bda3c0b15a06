"""The audit of a reading: what it believes and what it does not."""

import pandas as pd
import pytest

from trc_pipelines.community.rules.audit import Audit, Thresholds, audit_snapshot
from trc_pipelines.community.rules.snapshots import (
    build_snapshot,
    find_changes,
    find_unlinked,
    recall_accounts,
)

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
            "changed_sync_id": pd.array([100] * len(known), dtype="Int64"),
            "is_contested": False,
        }
    )


def players(xp: dict[int, int]) -> pd.DataFrame:
    """A board."""
    frame = pd.DataFrame({"discord_id": list(xp), "xp": list(xp.values())}, dtype="int64")
    nothing = pd.array([None] * len(xp), dtype="Int64")
    return frame.assign(level=nothing, message_count=nothing)


def audit(
    before: list[int | None],
    now: dict[int, int],
    absent_since: int | None = None,
    **changes: object,
) -> Audit:
    """Judge a reading of guild 7 at sync 200 after sync 100; those known may all have been absent."""
    linked = accounts(before)
    if absent_since is not None:
        linked = linked.assign(
            is_present=pd.array([False] * len(linked), dtype="boolean"),
            changed_sync_id=pd.array([absent_since] * len(linked), dtype="Int64"),
        )
    arguments = {
        "is_empty": not now,
        "xp_rate": 1.0,
        "guild_id": 7,
        "last_guild_id": 7,
        "sync_id": 200,
        "last_sync_id": 100,
        "unlinked": 0,
        "thresholds": THRESHOLDS,
    }
    snapshot = build_snapshot(
        linked, players(now), 200, is_complete=bool(changes.pop("is_complete", True))
    )
    return audit_snapshot(linked, snapshot, **arguments | changes)


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


def test_another_guild_is_not_believed() -> None:
    assert not audit(KNOWN, BOARD, last_guild_id=8).passed


def test_a_linked_account_off_the_board_has_a_row_with_zero_xp() -> None:
    snapshot = build_snapshot(accounts([None, None]), players({2: 5, 99: 1}), 200, is_complete=True)
    assert snapshot["discord_id"].tolist() == [1, 2]
    assert snapshot["xp"].tolist() == [0, 5]
    assert snapshot["is_present"].tolist() == [False, True]


def test_who_is_not_on_a_reading_without_its_end_is_not_called_absent() -> None:
    snapshot = build_snapshot(accounts([None, None, 7]), players({2: 5}), 200, is_complete=False)
    assert snapshot["is_present"].tolist() == [pd.NA, True, pd.NA]


def test_who_comes_back_is_judged_by_the_last_present_reading() -> None:
    """Absent once, then five million more: what counts is what they had when last seen."""
    assert not audit(KNOWN, BOARD | {1: 5_000_000}, absent_since=100).passed
    assert audit(KNOWN, BOARD, absent_since=100).passed
    jump = {account: xp + 751 for account, xp in BOARD.items()}
    assert not audit(KNOWN, jump, absent_since=100).passed
    assert audit(KNOWN, jump, absent_since=200 - 3600).passed


def test_a_community_that_comes_back_with_less_is_not_believed() -> None:
    findings = audit(KNOWN, dict.fromkeys(BOARD, 20), absent_since=100).findings
    assert any("30 of 30 known members has dropped" in finding for finding in findings)
    assert any("board reset" in finding for finding in findings)


@pytest.mark.parametrize(
    "now", [{1: 0, 2: 0, 3: 0, 4: 600}, {4: 600}, {1: 10**5, 2: 10**5, 3: 10**5, 4: 600}]
)
def test_three_of_four_members_are_many(now: dict[int, int]) -> None:
    assert not audit([900, 800, 700, 600], now).passed


def test_who_was_not_reached_by_a_short_reading_counts_as_missing_to_the_audit() -> None:
    first = {account: xp for account, xp in BOARD.items() if account <= 10}
    assert not audit(KNOWN, first, is_complete=False).passed
    most = {account: xp for account, xp in BOARD.items() if account <= 28}
    assert audit(KNOWN, most, is_complete=False).passed


def test_an_app_that_loses_its_links_is_not_believed() -> None:
    assert audit(KNOWN, BOARD, unlinked=7).passed
    assert not audit(KNOWN, BOARD, unlinked=8).passed
    assert not audit([], {}, unlinked=30).passed
    # A few may unlink at once, however few there are.
    assert audit([], {}, unlinked=5).passed


def linked(rows: list[tuple[int, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["discord_id", "member_id"])


def test_two_members_who_claim_an_account_are_told_apart_from_everybody_else() -> None:
    states = pd.DataFrame(
        {
            "discord_id": [1, 2],
            "member_id": ["ann", "bob"],
            "xp": pd.array([900, 800], dtype="Int64"),
            "is_present": pd.array([True, True], dtype="boolean"),
            "last_sync_id": [100, 100],
            "level": pd.array([9, 8], dtype="Int64"),
            "message_count": pd.array([90, None], dtype="Int64"),
            "is_linked": pd.array([True, True], dtype="boolean"),
            "is_confirmed": pd.array([True, True], dtype="boolean"),
        }
    )
    claims = linked([(2, "bob"), (1, "eve"), (1, "ann"), (2, "bob")])
    recalled = recall_accounts(claims, states, pd.DataFrame({"discord_id": [2]}))
    rows = recalled.set_index("member_id")
    assert rows["is_contested"].to_dict() == {"eve": True, "ann": True, "bob": False}
    assert rows["is_sought"].to_dict() == {"eve": True, "ann": True, "bob": False}
    assert rows["last_xp"].astype(object).where(rows["last_xp"].notna(), None).to_dict() == {
        "eve": None, "ann": 900, "bob": 800,
    }  # fmt: skip


def test_the_figures_of_an_audit_say_what_was_compared() -> None:
    half = {account: xp + 5 for account, xp in BOARD.items() if account > 15}
    figures = {
        "unlinked_accounts": 0,
        "known_accounts": 30,
        "missing_accounts": 15,
        "dropped_accounts": 0,
        "implausible_gains": 0,
        "largest_gain": 5,
        "total_xp_before": sum(half.values()) - 15 * 5,
        "total_xp_now": sum(half.values()),
    }
    assert audit(KNOWN, half).figures == figures
    # Who was not confirmed is missing too, and has lost nothing.
    assert audit(KNOWN, half, is_complete=False).figures == figures


def test_nobody_gains_from_who_is_gone() -> None:
    figures = audit(KNOWN, {1: BOARD[1]}, xp_rate=0.0).figures
    assert (figures["largest_gain"], figures["implausible_gains"]) == (0, 0)


@pytest.mark.parametrize(("gain", "is_believed"), [(750, True), (751, False)])
def test_what_chatting_can_give_is_believed_to_the_last_xp(gain: int, is_believed: bool) -> None:
    assert audit(KNOWN, {i: xp + gain for i, xp in BOARD.items()}).passed is is_believed


@pytest.mark.parametrize(("drop", "is_believed"), [(500, True), (501, False)])
def test_a_tenth_of_all_xp_may_fall(drop: int, is_believed: bool) -> None:
    now = {i: 1_000 - drop * (i <= 6) for i in range(1, 31)}
    assert audit([1_000] * 30, now).passed is is_believed


def test_a_crowd_that_unlinks_is_told_by_how_many_there_were() -> None:
    (finding,) = audit(KNOWN, BOARD, unlinked=10).findings
    assert finding == "10 of 40 known members are not linked any more"


STATES = {
    "discord_id": "int64",
    "member_id": "str",
    "xp": "Int64",
    "is_present": "boolean",
    "last_sync_id": "Int64",
    "level": "Int32",
    "message_count": "Int64",
    "is_linked": "boolean",
    "is_confirmed": "boolean",
}


def states(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(STATES)).astype(STATES)


def recall(
    linked: list[tuple[int, str]], *known: tuple, sought: tuple[int, ...] = ()
) -> pd.DataFrame:
    accounts = pd.DataFrame(linked, columns=["discord_id", "member_id"]).astype(
        {"member_id": "str"}
    )
    missing = pd.DataFrame({"discord_id": list(sought)}, dtype="int64")
    return recall_accounts(accounts, states(*known), missing)


ANN = (1, "ann", 500, True, 100, 5, 40, True, True)
BOB = (2, "bob", 700, False, 90, 7, 60, False, False)


def test_what_is_known_of_an_account_counts_for_who_it_was_linked_to_alone() -> None:
    found = recall([(3, "cem"), (2, "eve"), (1, "ann")], ANN, BOB, sought=(3,))
    assert list(found.index) == [0, 1, 2]
    assert found["discord_id"].tolist() == [1, 2, 3]
    ann = found.loc[0].to_dict()
    assert ann == {
        "discord_id": 1,
        "member_id": "ann",
        "last_xp": 500,
        "is_present": True,
        "changed_sync_id": 100,
        "last_level": 5,
        "last_message_count": 40,
        "was_linked": True,
        "was_confirmed": True,
        "is_contested": False,
        "is_sought": True,
    }
    assert found["last_xp"].isna().tolist() == [False, True, True]
    assert found["is_sought"].tolist() == [True, True, False]


def test_before_the_first_reading_nothing_is_known_of_anybody() -> None:
    found = recall([(1, "ann"), (2, "bob")])
    assert found[["last_xp", "was_linked", "is_present"]].isna().all(axis=None)


def test_an_account_that_two_members_claim_is_contested_and_one_that_is_there_twice_is_not() -> (
    None
):
    found = recall([(2, "bob"), (1, "ann"), (2, "eve"), (1, "ann"), (3, "cem")], ANN)
    assert list(found.index) == [0, 1, 2, 3]
    assert found["member_id"].tolist() == ["ann", "bob", "eve", "cem"]
    assert found["is_contested"].tolist() == [False, True, True, False]


def test_a_contested_account_has_no_figures_though_it_is_on_the_board() -> None:
    found = recall([(1, "ann"), (1, "eve"), (2, "bob"), (3, "cem")])
    snapshot = build_snapshot(found, players({1: 10, 2: 20}), 200, is_complete=True)
    assert snapshot["xp"].tolist() == [0, 0, 20, 0]
    assert snapshot["is_present"].astype(object).tolist() == [pd.NA, pd.NA, True, False]


CHANGED = {
    "as it was": ((500, True, 5, 40, True, True), (500, 5, 40, True), False),
    "XP": ((500, True, 5, 40, True, True), (501, 5, 40, True), True),
    "level": ((500, True, 5, 40, True, True), (500, 6, 40, True), True),
    "messages": ((500, True, 5, 40, True, True), (500, 5, 41, True), True),
    "no level, as before": ((500, True, None, 40, True, True), (500, None, 40, True), False),
    "a level at last": ((500, True, None, 40, True, True), (500, 5, 40, True), True),
    "gone": ((500, True, 5, 40, True, True), (0, None, None, False), True),
    "still gone": ((500, False, 5, 40, True, True), (0, None, None, False), False),
    "back": ((500, False, 5, 40, True, True), (500, 5, 40, True), True),
    "not confirmed any more": ((500, True, 5, 40, True, True), (0, None, None, None), True),
    "still not confirmed": ((500, True, 5, 40, True, False), (0, None, None, None), False),
    "confirmed again": ((500, True, 5, 40, True, False), (500, 5, 40, True), True),
    "linked anew": ((500, True, 5, 40, False, True), (500, 5, 40, True), True),
    "neither known nor confirmed": ((None,) * 6, (0, None, None, None), True),
    "never known": ((None, None, None, None, None, None), (0, None, None, False), True),
}


@pytest.mark.parametrize(("known", "now", "is_kept"), CHANGED.values(), ids=CHANGED)
def test_a_row_is_kept_when_it_says_something_new(known: tuple, now: tuple, is_kept: bool) -> None:
    names = [
        "last_xp",
        "is_present",
        "last_level",
        "last_message_count",
        "was_linked",
        "was_confirmed",
    ]
    flags = dict.fromkeys(("is_present", "was_linked", "was_confirmed"), "boolean")
    before = pd.DataFrame([known], columns=names).astype(dict.fromkeys(names, "Int64") | flags)
    columns = ["xp", "level", "message_count", "is_present"]
    snapshot = pd.DataFrame([now], columns=columns).astype(
        dict.fromkeys(columns, "Int64") | {"is_present": "boolean"}
    )
    assert find_changes(before, snapshot).tolist() == [is_kept]


def unlinked(*known: tuple, linked: list[tuple[int, str]], unconfirmed: tuple = ()) -> list[tuple]:
    ids = pd.Series([account for account, _ in linked], dtype="int64")
    others = pd.DataFrame(unconfirmed, columns=["discord_id", "member_id"]).astype(
        {"discord_id": "int64", "member_id": "str"}
    )
    rows = find_unlinked(recall(linked, *known), states(*known), others, ids, 200)
    assert (rows["sync_id"] == 200).all()
    assert not rows["xp"].any()
    assert not rows["is_linked"].any()
    return list(zip(rows["discord_id"], rows["member_id"], strict=True))


def test_who_was_linked_and_is_not_any_more_has_a_row_that_says_so() -> None:
    gone = (2, "bob", 700, True, 90, 7, 60, True, True)
    assert unlinked(ANN, gone, linked=[(1, "ann")]) == [(2, "bob")]
    assert unlinked(ANN, gone, linked=[(1, "ann"), (2, "bob")]) == []
    assert unlinked(ANN, gone, linked=[]) == [(1, "ann"), (2, "bob")]


def test_who_was_unlinked_before_is_not_told_again() -> None:
    gone = (3, "cem", 700, True, 90, 7, 60, True, True)
    assert unlinked(ANN, BOB, gone, linked=[(1, "ann")]) == [(3, "cem")]


def test_who_was_never_confirmed_and_is_unlinked_is_told_once() -> None:
    assert unlinked(ANN, linked=[(1, "ann")], unconfirmed=[(5, "eve"), (1, "ann")]) == [(5, "eve")]
    assert unlinked(ANN, linked=[], unconfirmed=[(1, "ann")]) == [(1, "ann")]
