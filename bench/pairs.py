"""Before and after in one run: each case in turn with the code of another checkout and with ours.

The cases are those of this checkout. What they measure is the product of either, with its own SQL and
migrations, in a process and on a server of its own that waits while the other is measured. What both
have written is compared as well.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.cases import REPETITIONS, Case
from bench.measure import Figure, align, format_seconds, format_value, show_progress

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class Tree:
    """A checkout that measures what it is asked to, one case at a time."""

    def __init__(self, worker: subprocess.Popen[str]) -> None:
        self._worker = worker
        self.relations: dict[str, list] = self._read()

    def measure(self, **request: object) -> dict[str, Any]:
        """Measure a case once: its figures, digests of what was written, or why it could not be."""
        assert self._worker.stdin is not None
        print(json.dumps(request), file=self._worker.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._worker.stdout is not None
        return json.loads(self._worker.stdout.readline())


@contextmanager
def open_tree(root: Path) -> Iterator[Tree]:
    """Start a process with the code of a checkout, and with the cases of this one."""
    with tempfile.TemporaryDirectory(prefix="trc_bench_") as folder:
        # Found before the other checkout's own.
        Path(folder, "bench").symlink_to(PROJECT_ROOT / "bench")
        path = os.pathsep.join([folder, str(root.resolve())])
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "bench.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        ) as worker:
            # It ends when its input does.
            yield Tree(worker)


def compare(
    other: Path, cases: Sequence[Case], keep: Callable[..., None], *, quick: bool
) -> list[Figure]:
    """Measure cases in both checkouts, in turn, and print one beside the other.

    Returns:
        Our figures.
    """
    rows = [
        ("measured", "before", "after", "wall s", "", "×", "cpu s", "", "×", "rows written"),
    ]  # fmt: skip
    ours = []
    with open_tree(other) as before, open_tree(PROJECT_ROOT) as after:
        compared = _find_common(before.relations, after.relations)
        for case in cases:
            pair, same = _measure_pair(case, before, after, compared, quick=quick)
            for what in dict.fromkeys([*pair[0], *pair[1]]):
                was, now = (figures.get(what) for figures in pair)
                rows.append(_row_of(what, was, now, same))
                show_progress("  ".join(rows[-1]))
                if now:
                    keep(case, now, before=was.as_dict() if was else None, rows_written=same)
                    ours.append(now)
    print(align(rows))
    return ours


def _find_common(before: dict[str, list], after: dict[str, list]) -> dict[str, list[str]]:
    """Find the columns that both have, of what is a table in one of them."""
    common = {
        name: sorted({*before[name][1]} & {*after[name][1]})
        for name in {*before} & {*after}
        if before[name][0] or after[name][0]
    }
    return {name: columns for name, columns in common.items() if columns}


def _measure_pair(
    case: Case, before: Tree, after: Tree, compared: dict[str, list[str]], *, quick: bool
) -> tuple[list[dict[str, Figure]], str]:
    """Measure a case in both: their figures by name, and whether they wrote the same."""
    pair: list[dict[str, Figure]] = [{}, {}]
    digests: list[list] = [[], []]
    for repetition in range(REPETITIONS):
        # Each is the first as often as the other, nearly.
        for which, tree in sorted(enumerate((before, after)), reverse=repetition % 2 == 1):
            show_progress(f"{case.name}, {('before', 'after')[which]}, {repetition + 1}")
            answer = tree.measure(
                case=case.name,
                size=case.size(quick=quick),
                compared={} if repetition else compared,
            )
            if answer["error"]:
                show_progress(f"{case.name} cannot be measured there: {answer['error']}")
            for figure in map(Figure.from_dict, answer["figures"]):
                first = pair[which].get(figure.what)
                pair[which][figure.what] = first.with_more(figure) if first else figure
            digests[which] += answer["digests"]
    return pair, _tell_differences(*digests)


def _tell_differences(before: list[dict], after: list[dict]) -> str:
    if not before or len(before) != len(after):
        return "–"
    differing = {
        table
        for was, now in zip(before, after, strict=True)
        for table in was
        if was[table] != now[table]
    }
    return f"differ: {', '.join(sorted(differing))}" if differing else "the same"


def _row_of(what: str, was: Figure | None, now: Figure | None, same: str) -> tuple[str, ...]:
    values = [format_value(one.median, one.unit) if one else "–" for one in (was, now)]
    return (what, *values, *_beside(was, now, "wall"), *_beside(was, now, "cpu"), same)


def _beside(was: Figure | None, now: Figure | None, clock: str) -> tuple[str, str, str]:
    before, after = (one.median_cost(clock) if one else None for one in (was, now))
    ratio = f"{before / after:.1f}" if before and after else "–"
    return format_seconds(before), format_seconds(after), ratio
