"""`python -m bench`: cases against their aims, in one run on one server, as a table.

Without names those that do not have to be named. It takes minutes, not seconds. Aims in seconds are as
much longer as the machine is slower than the one they were set on, by a yardstick before each case.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.cases import CASES, REPETITIONS, Case
from bench.measure import Figure, count_met, render, show_progress
from bench.pairs import compare
from bench.server import Server, run_server
from bench.yardstick import measure_slowness

AGAIN = 3 * REPETITIONS


def main() -> None:
    """Measure, show the progress on stderr and the table on stdout."""
    usual = [case.name for case in CASES.values() if not case.by_name]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    # Not `choices`, which refuse that there are none.
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--quick", action="store_true", help="smaller sizes, in ten minutes")
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit code 1 when an aim is missed, by a case that was measured again for it",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="a line there for each figure")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="another checkout: measure it and this, in turn"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.cases) - CASES.keys():
        parser.error(f"no case is called {', '.join(unknown)}; there are {', '.join(CASES)}")
    # Ended by a signal, it still stops its server and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cases = [CASES[name] for name in arguments.cases or usual]
    lines: list[str] = []

    def keep(case: Case, figure: Figure, **more: object) -> None:
        show_progress(render([figure]).splitlines()[2])
        lines.append(json.dumps({"case": case.name, **figure.as_dict(), **more}))
        if arguments.json:
            arguments.json.write_text("".join(f"{line}\n" for line in lines))

    if arguments.against:
        figures = compare(arguments.against, cases, keep, quick=arguments.quick)
    else:
        figures = measure(cases, keep, quick=arguments.quick, strict=arguments.strict)
        print(render(figures))
    met, aims = count_met(figures)
    print(f"{met} of {aims} aims met")
    sys.exit(arguments.strict and met < aims)


def measure(
    cases: list[Case], keep: Callable[[Case, Figure], None], *, quick: bool, strict: bool
) -> list[Figure]:
    """Measure cases one after the other.

    Args:
        strict: a case that misses an aim is measured again, so much longer that chance is no excuse.
            All of its values count, those that missed as well.
    """
    figures: list[Figure] = []
    with run_server() as server:
        for case in cases:
            size = case.size(quick=quick)
            measured = list(_measure(case, server, size, REPETITIONS, keep))
            if strict and any(figure.is_met is False for figure in measured):
                show_progress(f"{case.name} misses an aim: {AGAIN} repetitions more")
                again = _measure(case, server, size, AGAIN, keep)
                measured = [
                    first.with_more(more) for first, more in zip(measured, again, strict=True)
                ]
            figures += measured
    return figures


def _measure(
    case: Case,
    server: Server,
    size: int,
    repetitions: int,
    keep: Callable[[Case, Figure], None],
) -> Iterator[Figure]:
    slowness = measure_slowness(server)
    show_progress(f"{case.name}: everything takes {slowness:.1f} × as long as where aims were set")
    for measured in case.measure(server, size, repetitions):
        figure = measured.on_a_machine(slowness)
        keep(case, figure)
        yield figure


if __name__ == "__main__":
    main()
