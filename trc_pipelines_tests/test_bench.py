"""The bench runs: of what it measures nothing is said here."""

import signal
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import import_module

import pytest

import bench.__main__
import bench.yardstick
from bench.cases import CASES, Case
from bench.measure import Cost, Figure, count_met, render
from bench.server import RELATIONS, Server, fetch

pytestmark = pytest.mark.either


def test_every_case_is_a_function_that_says_what_it_measures() -> None:
    for case in CASES.values():
        module, function = case.function.split(":")
        assert getattr(import_module(f"bench.{module}"), function).__doc__, case.name


def test_a_table_says_which_aims_are_met() -> None:
    cost = Cost(2.0, 0.5, 1.0)
    late = Figure("late", [1.0, 3.0, 2.0], "s", 2.0, costs=[cost])
    figures = [late, Figure("bets", [10.0], "/s", 11, at_least=True), Figure("known", [1.0], "%")]
    assert count_met(figures) == (1, 2)
    line = "late 2.00 s 1.00 s – 3.00 s 3 2.00 0.50 1.00 ≤ 2.00 s yes"
    assert render(figures).splitlines()[2].split() == line.split()
    assert Figure.from_dict(late.as_dict()) == late


def test_a_case_runs_and_what_it_wrote_can_be_compared(servers: dict[int, str]) -> None:
    server = Server(servers[18], 0, "migrated")
    with server.database() as url:
        tables = fetch(url, RELATIONS)
    server.compared = {name: columns for name, is_table, columns in tables if is_table}
    assert [figure.unit for figure in CASES["sync"].measure(server, 40, 1)] == ["s", "×", "%", "s"]
    assert server.digests[0]["community.xp_states"]


def test_without_names_the_usual_cases_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def measure(cases: list[Case], _keep: object, *, quick: bool, strict: bool) -> list[Figure]:
        asked.extend(case.name for case in cases if quick)
        return []

    monkeypatch.setattr(bench.__main__, "measure", measure)
    monkeypatch.setattr(sys, "argv", ["bench", "--quick"])
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own
    with pytest.raises(SystemExit) as ended:
        bench.__main__.main()
    assert not ended.value.code
    assert asked == [case.name for case in CASES.values() if not case.by_name]


def test_aims_in_time_are_longer_on_a_slower_machine_and_others_are_not() -> None:
    slow = [
        Figure("seconds", [1.0], "s", 2.0).on_a_machine(1.5),
        Figure("rate", [1.0], "/s", 3.0, at_least=True).on_a_machine(1.5),
        Figure("ratio", [1.0], "×", 2.0).on_a_machine(1.5),
        Figure("known", [1.0], "s").on_a_machine(1.5),
    ]
    assert [figure.aim for figure in slow] == [3.0, 2.0, 2.0, None]


def test_a_faster_machine_is_held_to_the_aims_as_they_are(
    servers: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(servers[18], 0, "migrated")
    monkeypatch.setattr(bench.yardstick, "REFERENCE_SECONDS", 3600.0)
    assert bench.yardstick.measure_slowness(server) == 1
    monkeypatch.setattr(bench.yardstick, "REFERENCE_SECONDS", 1e-6)
    assert bench.yardstick.measure_slowness(server) > 1


@pytest.mark.parametrize(("strict", "values"), [(False, [3, 3, 1]), (True, [3, 3, 1, *[1] * 9])])
def test_who_misses_is_measured_again_where_that_counts(
    monkeypatch: pytest.MonkeyPatch, strict: bool, values: list[int]
) -> None:
    taken = iter([3, 3, *[1] * 10])

    def slow_at_first(_self: Case, _server: object, _size: int, n: int = 3) -> Iterator[Figure]:
        yield Figure("slow at first", [next(taken) for _ in range(n)], "s", 2)

    monkeypatch.setattr(bench.__main__, "run_server", nullcontext)
    monkeypatch.setattr(bench.__main__, "measure_slowness", lambda _server: 1.0)
    monkeypatch.setattr(Case, "measure", slow_at_first)
    [figure] = bench.__main__.measure([CASES["sync"]], lambda *_: None, quick=True, strict=strict)
    assert figure.values == values
    assert figure.is_met is strict
