"""Whoever switches the triggers off and edits history is found out."""

from datetime import timedelta

import pytest

from trc_pipelines_tests.catalogue import (
    CHECKS,
    LEADERBOARD_RECALCULATION,
    LEADERBOARD_WEEKLY_RESET,
)
from trc_pipelines_tests.world import NOON, QUARTER, World, play_in

OFF = "ALTER TABLE community.point_ledger DISABLE TRIGGER ALL; "


def play_batches(url: str) -> None:
    """Four batches of two entries."""
    with play_in(url) as world:
        live(world)


def play_a_closed_week(url: str) -> None:
    """The same, whose week is ranked and closed; nothing is wrong with it."""
    with play_in(url) as world:
        live(world)
        world.run(LEADERBOARD_RECALCULATION, NOON + QUARTER * 4)
        world.sync(NOON + timedelta(days=7))
        world.run(LEADERBOARD_WEEKLY_RESET, NOON + timedelta(days=7))
        assert broken(world) == {}


def live(world: World) -> None:
    world.link({"ann": 1001, "bob": 1002})
    for slot in range(5):
        world.sync(NOON + slot * QUARTER, {1001: 1000 + 200 * slot, 1002: 1000 + 300 * slot})


batches = pytest.mark.played.with_args(play_batches)
closed_week = pytest.mark.played.with_args(play_a_closed_week)


def broken(world: World) -> dict[str, dict]:
    found = {}
    with world.database.transaction() as transaction:
        for check in CHECKS:
            rows = check.find_violations(transaction)
            if len(rows):
                found[check.name] = rows.iloc[0].to_dict()
    return found


@batches
def test_an_untouched_history_holds(world: World) -> None:
    written = world.query("SELECT * FROM community.ledger_batches ORDER BY batch_id")
    assert written["entries"].tolist() == [2, 2, 2, 2]
    assert broken(world) == {}


@batches
@pytest.mark.parametrize(
    "edit",
    [
        # Points moved between two entries of a member: every sum is right.
        "UPDATE community.point_ledger SET points = points + CASE entry_id WHEN 3 THEN 1 ELSE -1 END "
        "WHERE entry_id IN (3, 5)",
        "UPDATE community.point_ledger SET action = 'admin_adjustment' WHERE entry_id = 3",
        "UPDATE community.point_ledger SET effective_at = effective_at + interval '1 second' "
        "WHERE entry_id = 4",
        "UPDATE community.point_ledger SET source_key = 'x' WHERE entry_id = 3",
        "DELETE FROM community.point_ledger WHERE entry_id IN (3, 5)",
    ],
)
def test_a_superuser_who_edits_an_old_entry_is_named_by_its_batch(world: World, edit: str) -> None:
    world.execute(OFF + edit)
    assert broken(world)["ledger_is_as_it_was_written"]["batch_id"] == 2


@batches
def test_mending_the_digest_breaks_the_next_one(world: World) -> None:
    world.execute(
        OFF + "ALTER TABLE community.ledger_batches DISABLE TRIGGER ALL; "
        "UPDATE community.point_ledger SET points = 9 WHERE entry_id = 3; "
        "UPDATE community.ledger_batches AS b SET digest = operations.chain_digest("
        "(SELECT p.digest FROM community.ledger_batches AS p WHERE p.batch_id = 1), "
        "(SELECT string_agg(community.digest_entry(l.entry_id, l.account_id, l.action, l.points, "
        "l.effective_at, l.source_key), ''::bytea ORDER BY l.entry_id) FROM community.point_ledger AS l "
        "WHERE l.entry_id BETWEEN b.first_entry_id AND b.last_entry_id)) WHERE b.batch_id = 2"
    )
    assert broken(world)["ledger_is_as_it_was_written"]["batch_id"] == 3


@batches
def test_an_entry_slipped_in_around_the_triggers_is_found(world: World) -> None:
    world.execute(
        OFF + "INSERT INTO community.point_ledger (account_id, action, points, effective_at, "
        "effective_on, source_key, metadata, run_id) VALUES "
        "(1, 'gift', 5, '2026-03-04 12:00Z', '2026-03-04', 'gift', '{}', 'by hand'); "
        "UPDATE community.member_points SET total = total + 5 WHERE member_id = 'ann'"
    )
    assert broken(world)["every_entry_is_in_the_chain"]["entry_id"] == 9


@closed_week
@pytest.mark.parametrize(
    ("edit", "check"),
    [
        ("UPDATE leaderboards.archived_rankings SET score = score + 1", "archived_scores_match_the_ledger"),
        ("DELETE FROM leaderboards.archived_rankings WHERE rank = 2", "archives_are_complete"),
        ("UPDATE leaderboards.archived_rankings SET rank = 4 - rank", "archives_are_complete"),
        ("UPDATE community.member_points SET total = 0", "ledger_sums_match_balances"),
        ("UPDATE community.member_points SET account_id = account_id + 1000", "ledger_sums_match_balances"),
        ("UPDATE community.member_points SET week_points = 1", "running_totals_match_the_ledger"),
        ("UPDATE community.member_points SET month_at = now()", "running_totals_match_the_ledger"),
        ("UPDATE community.ranking_pages SET first_rank = 1001", "ranks_are_a_permutation"),
        ("UPDATE community.ranking_pages SET scores[2] = scores[1] + 1", "ranks_are_a_permutation"),
        ("UPDATE community.ranking_pages SET account_ids[2] = account_ids[1]", "ranks_are_a_permutation"),
    ],
)  # fmt: skip
def test_an_edited_archive_or_balance_is_found(world: World, edit: str, check: str) -> None:
    world.execute("ALTER TABLE leaderboards.archived_rankings DISABLE TRIGGER ALL; " + edit)
    assert check in broken(world)
