"""The numbers the whole thing exists for."""

from trc_pipelines_tests.world import NOON, World

LINKED = {"ann": 1001, "bob": 1002}


def test_first_sync_awards_nobody(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 54_321, 1002: 99})
    assert world.points() == {}
