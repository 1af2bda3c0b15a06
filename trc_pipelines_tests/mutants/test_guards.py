"""The list of guards does not rot: each still stands where it is said to, and has tests."""

from collections import Counter

import pytest

from trc_pipelines_tests.edits import ROOT
from trc_pipelines_tests.mutants.guards import GUARDS, Guard


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_list_says_and_has_tests(guard: Guard) -> None:
    assert guard.read_changed()
    assert (ROOT / "trc_pipelines_tests" / guard.tests).is_file()


def test_every_guard_has_a_name_of_its_own() -> None:
    assert [name for name, times in Counter(g.name for g in GUARDS).items() if times > 1] == []
