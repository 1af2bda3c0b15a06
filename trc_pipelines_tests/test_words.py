"""One thing and several, in every message."""

import pytest

from trc_pipelines.jobs.contract import describe
from trc_pipelines.words import counted


@pytest.mark.parametrize(
    ("things", "one"),
    [
        ("bets settled", "1 bet settled"),
        ("linked members", "1 linked member"),
        ("members set aside", "1 member set aside"),
        ("entries", "1 entry"),
        ("objects referenced again", "1 object referenced again"),
        ("losses written off", "1 loss written off"),
        ("previous entries", "1 previous entry"),
        ("lives", "1 life"),
        ("people", "1 person"),
        ("processes", "1 process"),
        ("left pending", "1 left pending"),
        ("total xp", "1 total xp"),
    ],
)
def test_one_of_them_is_one(things: str, one: str) -> None:
    assert counted(1, things) == one
    assert counted(2, things) == f"2 {things}"
    assert counted(0, things) == f"0 {things}"
    assert counted(12_345, things) == f"12,345 {things}"


def test_what_a_step_did_is_said_so_too() -> None:
    assert describe({"bets_settled": 1, "games_settled": 2}) == "1 bet settled, 2 games settled"
