"""From readings to points through the real client, simulator and database."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.rules.ledger import entries_from_transactions
from trc_pipelines.community.steps.point_ledger import post_entries
from trc_pipelines.jobs.contract import JobError, Result, Step
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.world import DELTAS, NOON, QUARTER, World

LINKED = {"ann": 1001, "bob": 1002}
RECORDED = Path(__file__).parents[3] / "shared" / "data" / "mee6"
# XP gained by 13 of 300 members in one real quarter of an hour.
RECORDED_GAINS = [33, 39, 40, 40, 46, 105, 116, 157, 189, 205, 227, 247, 248]


def figures_of_one_quarter(world: World) -> dict[str, int]:
    """What the second sync left in the tables."""
    return (
        world.query(
            """
            SELECT count(*) FILTER (WHERE xp_delta IS NOT NULL) AS deltas,
                   sum(xp_delta)::bigint AS xp, sum(whole)::bigint AS whole,
                   (SELECT sum(carry)::bigint FROM community.xp_states) AS carry,
                   (SELECT sum(total)::bigint FROM community.member_points) AS points,
                   (SELECT count(*) FROM community.point_ledger) AS entries
            FROM community.xp_deltas
            """
        )
        .iloc[0]
        .to_dict()
    )


EXPECTED = {"deltas": 13, "xp": 1692, "whole": 12, "carry": 492, "points": 12, "entries": 8}


def test_a_recorded_quarter_pays_12_points_and_carries_492_xp(world: World) -> None:
    before = {1000 + i: 100_000 - 7 * i for i in range(300)}
    after = {
        account: xp + (RECORDED_GAINS[i] if i < 13 else 0)
        for i, (account, xp) in enumerate(before.items())
    }
    world.link({f"member{account}": account for account in before})
    world.sync(NOON, before)
    world.sync(NOON + QUARTER, after)
    assert figures_of_one_quarter(world) == EXPECTED
    third = world.sync(NOON + 2 * QUARTER)
    assert third["community.xp_deltas"].affected == 0
    assert third["community.point_ledger"].affected == 0
    assert third["community.daily_points"].affected == 0
    assert figures_of_one_quarter(world) == EXPECTED


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded captures are not on this machine")
def test_the_captures_themselves_pay_the_same(world: World) -> None:
    captures = [
        json.loads((RECORDED / f"capture_2020-07-03T{time}Z.json").read_text())
        for time in ("10-21-01", "10-36-08")
    ]
    world.simulator.replay(captures[0])
    accounts = world.simulator.board["discord_id"]
    world.settings = world.settings.model_copy(update={"mee6_guild_id": world.simulator.guild_id})
    world.link({f"member{account}": int(account) for account in accounts})
    for slot, capture in enumerate([captures[0], captures[1], captures[1]]):
        world.simulator.replay(capture)
        results = world.run(MEE6_SYNC, NOON + slot * QUARTER)
    assert figures_of_one_quarter(world) == EXPECTED
    assert results["community.xp_deltas"].affected == 0


def test_a_first_sync_awards_nobody(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 54_321, 1002: 99})
    assert world.points() == {}


def test_absence_neither_deducts_nor_awards_history(world: World) -> None:
    world.link(LINKED)
    board = {1001: 54_321, 1002: 99}
    world.sync(NOON, board)
    world.sync(NOON + QUARTER, board | {1001: 54_471})
    assert world.points() == {"ann": 1}
    without_ann = {account: xp for account, xp in board.items() if account != 1001}
    world.sync(NOON + 2 * QUARTER, without_ann)
    assert world.points() == {"ann": 1}
    world.sync(NOON + 3 * QUARTER, board | {1001: 54_531})
    # 60 XP since she was last seen, and 50 carried: one more point.
    assert world.points() == {"ann": 2}


def test_an_admin_who_takes_250_xp_takes_2_points_and_leaves_a_carry_of_minus_50(
    world: World,
) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 10_000, 1002: 50_000})
    world.sync(NOON + QUARTER, {1001: 9_750, 1002: 50_000})
    assert world.points() == {"ann": -2}
    carry = world.query("SELECT carry FROM community.xp_states WHERE member_id = 'ann'")
    assert carry["carry"].iat[0] == -50


def test_a_change_of_the_rate_applies_from_then_on(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.sync(NOON + QUARTER, {1001: 1_300, 1002: 1_000})
    world.execute("UPDATE community.point_actions SET points = 4 WHERE action = 'discord_activity'")
    world.sync(NOON + 2 * QUARTER, {1001: 1_300, 1002: 1_200})
    assert world.points() == {"ann": 3, "bob": 8}


def test_xp_gained_while_the_action_is_disabled_is_never_paid(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.execute("UPDATE community.point_actions SET enabled = false")
    world.sync(NOON + QUARTER, {1001: 1_300, 1002: 1_000})
    world.execute("UPDATE community.point_actions SET enabled = true")
    world.sync(NOON + 2 * QUARTER, {1001: 1_300, 1002: 1_000})
    assert world.points() == {}


def test_awards_of_the_app_flow_into_the_ledger_once(world: World) -> None:
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) VALUES "
        f"('ann', 'intro_completed', 25, '{NOON}'), ('bob', 'admin_adjustment', -10, '{NOON}')"
    )
    for slot in range(3):
        world.sync(NOON + slot * QUARTER)
    assert world.points() == {"ann": 25, "bob": -10}


def test_a_key_that_is_posted_already_with_other_contents_is_an_error_and_posts_nothing(
    world: World,
) -> None:
    world.execute(
        "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, "
        f"created_at) VALUES (1, 'ann', 'intro_completed', 25, '{NOON}')"
    )
    world.sync(NOON)
    with world.database.transaction() as transaction:
        accounts = find_accounts(transaction, pd.DataFrame({"member_id": ["ann", "bob"]}))
    entries = entries_from_transactions(
        pd.DataFrame(
            {
                "transaction_id": [1, 2],
                "account_id": accounts,
                "action": "intro_completed",
                "points": [26, 25],
                "created_at": pd.Timestamp(NOON),
            }
        )
    )
    step = Step("community.point_ledger", lambda work: Result(0, str(post_entries(work, entries))))
    with pytest.raises(JobError, match="point_transactions:1 already, with other contents"):
        world.run(replace(MEE6_SYNC, steps=[step]), NOON + QUARTER)
    assert world.points() == {"ann": 25}


def test_an_account_handed_to_another_member_starts_a_new_baseline(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    swap = "UPDATE community.members SET discord_id = CASE member_id WHEN '{}' THEN {} END"
    for slot, holder in ((1, "bob"), (2, "ann")):
        world.execute("UPDATE community.members SET discord_id = NULL")
        world.execute(swap.format(holder, 1001) + f" WHERE member_id = '{holder}'")
        world.sync(NOON + slot * QUARTER, {1001: 1_000 + 500 * slot, 1002: 1_000})
    assert world.points() == {}


def test_a_newcomer_keeps_what_was_plausibly_gained_since_the_last_reading(world: World) -> None:
    world.link(LINKED | {"newcomer": 1003, "imported": 1004})
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.sync(NOON + QUARTER, {1001: 1_000, 1002: 1_000, 1003: 240, 1004: 40_000})
    assert world.points() == {"newcomer": 2}
    flagged = world.query(f"SELECT member_id FROM ({DELTAS}) AS d WHERE is_flagged")
    assert flagged["member_id"].tolist() == ["imported"]


def test_midnight_belongs_to_the_day_that_ended(world: World) -> None:
    world.link(LINKED)
    midnight = NOON.replace(hour=0) + timedelta(days=1)
    world.sync(midnight - QUARTER, {1001: 1_000, 1002: 1_000})
    world.sync(midnight, {1001: 1_200, 1002: 1_000})
    world.sync(midnight + QUARTER, {1001: 1_300, 1002: 1_000})
    days = world.query("SELECT day, points FROM community.daily_points ORDER BY day")
    assert days["points"].tolist() == [2, 1]
    assert [str(day) for day in days["day"]] == ["2026-03-04", "2026-03-05"]


def test_a_past_board_cannot_be_read(world: World) -> None:
    world.link(LINKED)
    options = {"now": NOON + timedelta(hours=3)}
    with pytest.raises(JobError, match="only knows now"):
        world.run(MEE6_SYNC, NOON, **options)
    assert world.simulator.requests == []


def test_a_sync_that_is_switched_off_says_so_and_sends_nothing(world: World) -> None:
    world.link(LINKED)
    world.settings = world.settings.model_copy(update={"mee6_sync_enabled": False})
    result = world.sync(NOON, {1001: 5})["community.mee6_leaderboard_snapshot"]
    assert "MEE6_SYNC_ENABLED" in result.message
    assert result.success
    assert world.simulator.requests == []


def test_without_linked_members_a_sync_succeeds_with_zeroes(world: World) -> None:
    result = world.sync(NOON, {1001: 5})["community.mee6_leaderboard_snapshot"]
    assert result.success
    assert result.details["linked_members"] == 0


def test_players_who_are_not_linked_are_kept_nowhere(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 5, 1002: 6, 777_777: 900})
    kept = world.query("SELECT discord_id FROM community.mee6_leaderboard_snapshot")
    assert sorted(kept["discord_id"]) == [1001, 1002]


def test_boards_show_members_who_are_active_and_agreed(world: World) -> None:
    world.link(LINKED)
    world.link({"lapsed": 1003}, status="CANCELLED")
    world.link({"hidden": 1004})
    world.execute(
        "UPDATE community.members SET leaderboard_visible = false WHERE member_id = 'hidden'"
    )
    start = dict.fromkeys([1001, 1002, 1003, 1004], 1_000)
    world.sync(NOON, start)
    world.sync(
        NOON + QUARTER, {account: xp + 100 * (account - 1000) for account, xp in start.items()}
    )
    world.run(LEADERBOARD_RECALCULATION, NOON + timedelta(hours=1))
    ranked = world.query("SELECT board, rank, member_id, score FROM community.current_leaderboards")
    expected = {("bob", 1, 2), ("ann", 2, 1)}
    for board in ("global", "weekly", "monthly"):
        rows = ranked[ranked["board"] == board]
        assert set(zip(rows["member_id"], rows["rank"], rows["score"], strict=True)) == expected


def test_a_past_board_is_as_it_was(world: World) -> None:
    world.link(LINKED)
    day = timedelta(days=1)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.sync(NOON + QUARTER, {1001: 1_300, 1002: 1_000})
    world.run(LEADERBOARD_RECALCULATION, NOON + timedelta(hours=1))
    sql = (
        "SELECT * FROM community.leaderboard_rankings WHERE day = '2026-03-04' ORDER BY board, rank"
    )
    as_it_was = world.query(sql)
    world.sync(NOON + day, {1001: 1_500, 1002: 9_000})
    world.run(LEADERBOARD_RECALCULATION, NOON + day)
    world.run(LEADERBOARD_RECALCULATION, NOON + day, days=(NOON.date(), NOON.date()))
    assert world.query(sql).to_dict("records") == as_it_was.to_dict("records")
