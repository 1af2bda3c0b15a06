"""What is said of mutants that live. That tests kill the others is seen by `make mutants`."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from trc_pipelines_tests.mutants import rules
from trc_pipelines_tests.mutants.rules import Mutant, Score

KILLED, SURVIVED, TIMEOUT = 1, 0, 36
PATH = Path("trc_pipelines/calendar.py")


def mutant(number: int) -> Mutant:
    return Mutant("trc_pipelines.calendar:f", "a", f"b{number}")


def judge(monkeypatch: pytest.MonkeyPatch, codes: Mapping[int, int], known: list[int]) -> Score:
    class Kept:
        def __init__(self, path: Path) -> None:
            assert path == PATH
            self.exit_code_by_key = {str(number): code for number, code in codes.items()}

        def load(self) -> None:
            """Nothing is read."""

    monkeypatch.setattr(rules, "walk_mutatable_files", lambda: [PATH])
    monkeypatch.setattr(rules.mutmut, "SourceFileMutationData", Kept)
    monkeypatch.setattr(rules, "describe", lambda name, _path: mutant(int(name)))
    monkeypatch.setattr(rules, "read_equivalent", lambda: {mutant(n): "why" for n in known})
    return rules.judge(["calendar"])["trc_pipelines.calendar"]


def test_who_lives_is_named_unless_it_is_known_why(monkeypatch: pytest.MonkeyPatch) -> None:
    score = judge(monkeypatch, {1: KILLED, 2: SURVIVED, 3: SURVIVED, 4: TIMEOUT}, [3])
    assert score == Score(dead=2, equivalent=1, alive=[mutant(2)])
    assert score.share == pytest.approx(2 / 3)


def test_an_equivalent_mutant_that_a_busy_machine_gave_up_is_no_dead_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert judge(monkeypatch, {1: TIMEOUT, 2: KILLED}, [1]) == Score(dead=1, equivalent=1)


def test_an_entry_of_the_list_that_no_living_mutant_has_is_to_be_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ValueError, match=r"remove them:\n  .*:f: a -> b1$"):
        judge(monkeypatch, {1: KILLED, 2: SURVIVED}, [1])
