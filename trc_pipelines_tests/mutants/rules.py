"""Mutants of the rules: mutmut makes and tries them, here is told which, and judged what lives.

A rule is pure, and its own tests need no database: a mutant is tried against those alone, in a fork
of one process that has read pandas and the tests already. mutmut keeps what it found in `mutants/`
and tries again what changed: a function there, a file of tests here. This module reads nothing of
the product, which it tries in another copy.
"""

import hashlib
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from mutmut import __main__ as mutmut
from mutmut.mutation import mutators
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.runners.harness import BadTestExecutionCommandsException, PytestRunner
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.workers import isolation

HERE = Path(__file__).parent
KEPT = Path("mutants")
STATS, DIGESTS = KEPT / "mutmut-stats.json", KEPT / "tests.json"

# Columns have names and functions have arguments: whoever changes one of those gets a KeyError in the
# first test. What is left is what a rule says: numbers, comparisons, logic, arithmetic, conditions.
LEFT_OUT = {mutators.operator_string, mutators.operator_arg_removal, mutators.operator_assignment}
SUSPICIOUS = 35
DEAD = {"killed", "timeout", "segfault"}


@dataclass(frozen=True)
class Mutant:
    """One change of a function, as a person reads it."""

    function: str
    was: str
    becomes: str


@dataclass
class Score:
    """What became of the mutants of a module."""

    dead: int = 0
    equivalent: int = 0
    alive: list[Mutant] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Killed of those that could be."""
        tried = self.dead + len(self.alive)
        return self.dead / tried if tried else 1.0


def try_mutants(modules: list[str]) -> None:
    """Try every mutant that was not tried as it is now; of modules that are named, all of them."""
    chosen = [op for op in mutators.mutation_operators if op[1] not in LEFT_OUT]
    mutators.mutation_operators[:] = chosen
    _try_tests_by_name()
    _end_by_processor_time_alone()
    _forget_what_changed()
    mutmut._run([f"*.{name}.x*" for name in modules], 1)
    # Whatever fails by itself looks like a mutant that was killed.
    if mutmut.get_mutant_runner().run_clean_tests(tests=[min(mutmut.collected_test_names())]):
        raise SystemExit(
            "tests that passed before fail after the mutants: delete mutants/, and begin anew"
        )


def judge(modules: list[str]) -> dict[str, Score]:
    """The score of each of the modules (none: of all), and what lives though nobody said why.

    Raises:
        ValueError: the list of equivalent mutants has entries that no living mutant has.
    """
    known = read_equivalent()
    met: Counter[Mutant] = Counter()
    scores: dict[str, Score] = {}
    for path in walk_mutatable_files():
        module = str(path).removesuffix(".py").replace("/", ".")
        if modules and not any(f".{module}".endswith(f".{name}") for name in modules):
            continue
        kept = mutmut.SourceFileMutationData(path=path)
        kept.load()
        score = scores[module] = Score()
        for name, code in kept.exit_code_by_key.items():
            status = status_by_exit_code[code]
            mutant = None if status == "killed" else describe(name, path)
            if mutant in known:
                # All tests were tried in vain, or the machine was too busy for all of them.
                met[mutant] += 1
                score.equivalent += 1
            elif mutant and status not in DEAD:
                score.alive.append(mutant)
            else:
                score.dead += 1
    rotten = [m for m in known if _module_of(m) in scores and not met[m]]
    if rotten:
        raise ValueError(
            "equivalent.toml has mutants that are dead, or are none any more; remove them:\n"
            + "\n".join(f"  {m.function}: {m.was} -> {m.becomes}" for m in rotten)
        )
    return scores


def read_equivalent() -> dict[Mutant, str]:
    """The mutants that change nothing, and why."""
    listed = tomllib.loads((HERE / "equivalent.toml").read_text()).get("equivalent", [])
    return {Mutant(each["function"], each["was"], each["becomes"]): each["why"] for each in listed}


def _try_tests_by_name() -> None:
    """Name tests without their parameters: some of these cannot be found again by what pytest calls them.

    mutmut takes the error for a failing test, and a mutant for killed: it is suspicious, no more.
    """
    run, name_tests = PytestRunner.run_tests, PytestRunner._pytest_args_regular_run

    def run_or_suspect(self: PytestRunner, *, mutant_name: str | None, tests: Iterable[str]) -> int:
        try:
            return run(self, mutant_name=mutant_name, tests=tests)
        except BadTestExecutionCommandsException:
            if mutant_name:
                return SUSPICIOUS
            raise

    def name_functions(self: PytestRunner, tests: Iterable[str]) -> list[str]:
        return name_tests(self, list(dict.fromkeys(test.partition("[")[0] for test in tests)))

    PytestRunner.run_tests = run_or_suspect  # type: ignore[method-assign]
    PytestRunner._pytest_args_regular_run = name_functions  # type: ignore[method-assign]


def _end_by_processor_time_alone() -> None:
    """Have no mutant ended by the clock: when its time is up, mutmut signals whoever has its number then.

    A mutant that is over is not taken from its list, and numbers of processes come again.
    """
    isolation.register_timeout = lambda pid, timeout_s: None


def _module_of(mutant: Mutant) -> str:
    module, _, _ = mutant.function.partition(":")
    return module


def describe(name: str, path: Path) -> Mutant:
    """What a mutant of mutmut's changes; its own names are numbers, which change with the function."""
    module, _, mangled = name.rpartition(".")
    mangled = mangled.partition("__mutmut_")[0]
    function = mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")
    lines = get_diff_for_mutant(name, path=path).splitlines()
    was, becomes = (
        " ".join(line[1:].strip() for line in lines if line[0:1] == sign and line[1:3] != sign * 2)
        for sign in "-+"
    )
    return Mutant(f"{module}:{function}", was, becomes)


def _forget_what_changed() -> None:
    """Have tried again what tests that changed may kill now, or do not kill any more."""
    now = {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(Path("trc_pipelines_tests").rglob("*.py"))
    }
    before = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    changed = {file for file in now.keys() | before.keys() if now.get(file) != before.get(file)}
    if STATS.exists() and changed:
        stats = json.loads(STATS.read_text())
        tests_of = stats["tests_by_mangled_function_name"]
        # mutmut asks again what unknown tests call.
        stats["duration_by_test"] = {
            test: seconds
            for test, seconds in stats["duration_by_test"].items()
            if test.partition("::")[0] not in changed
        }
        STATS.write_text(json.dumps(stats))
        for meta in KEPT.rglob("*.meta"):
            kept = json.loads(meta.read_text())
            for name, code in kept["exit_code_by_key"].items():
                files = {
                    test.partition("::")[0]
                    for test in tests_of.get(name.partition("__mutmut_")[0], [])
                }
                if status_by_exit_code[code] not in DEAD or files & changed:
                    kept["exit_code_by_key"][name] = None
            meta.write_text(json.dumps(kept))
    KEPT.mkdir(exist_ok=True)
    DIGESTS.write_text(json.dumps(now))


if __name__ == "__main__":
    os.environ["EXAMPLES"] = "0.2"
    try_mutants(sys.argv[1:])
