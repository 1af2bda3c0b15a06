"""Who links an account again starts anew: what was gained meanwhile is nobody's."""

import pytest

from trc_pipelines_tests.catalogue import CHECKS
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tested is the rule.
pytestmark = pytest.mark.either

LINKED = {"ann": 1001, "bob": 1002}


def link(world: World, member: str, account: int | None) -> None:
    value = "NULL" if account is None else str(account)
    world.execute(f"UPDATE community.members SET discord_id = {value} WHERE member_id = '{member}'")


def assert_sound(world: World) -> None:
    with world.database.transaction() as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name


def test_xp_gained_while_unlinked_is_not_paid_on_relinking(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1000, 1002: 1000})
    world.sync(NOON + QUARTER, {1001: 1150, 1002: 1000})
    link(world, "ann", None)
    world.sync(NOON + 2 * QUARTER, {1001: 1600, 1002: 1000})
    link(world, "ann", 1001)
    world.sync(NOON + 3 * QUARTER, {1001: 2000, 1002: 1000})
    assert world.points() == {"ann": 1}
    world.sync(NOON + 4 * QUARTER, {1001: 2099, 1002: 1000})
    assert world.points() == {"ann": 1}  # the carry of 50 is gone with the old link
    world.sync(NOON + 5 * QUARTER, {1001: 2100, 1002: 1000})
    assert world.points() == {"ann": 2}
    assert_sound(world)


def test_xp_gained_under_another_account_is_not_paid_on_going_back(world: World) -> None:
    world.link(LINKED)
    board = {1001: 1000, 1002: 1000, 1003: 1000}
    world.sync(NOON, board)
    link(world, "ann", 1003)
    world.sync(NOON + QUARTER, board | {1001: 1600})
    link(world, "ann", 1001)
    world.sync(NOON + 2 * QUARTER, board | {1001: 1600, 1003: 1500})
    assert world.points() == {}
    assert_sound(world)


def test_who_is_absent_on_relinking_starts_anew_on_return(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1000, 1002: 1000})
    link(world, "ann", None)
    world.sync(NOON + QUARTER, {1002: 1000})
    link(world, "ann", 1001)
    world.sync(NOON + 2 * QUARTER, {1002: 1000})
    world.sync(NOON + 3 * QUARTER, {1001: 1300, 1002: 1000})
    assert world.points() == {}
    world.sync(NOON + 4 * QUARTER, {1001: 1400, 1002: 1000})
    assert world.points() == {"ann": 1}
    assert_sound(world)


def test_who_stays_linked_through_failed_readings_loses_nothing(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1000, 1002: 1000})
    world.sync(NOON + QUARTER, {})  # quarantined
    world.sync(NOON + 2 * QUARTER, {1001: 1200, 1002: 1000})
    assert world.points() == {"ann": 2}
