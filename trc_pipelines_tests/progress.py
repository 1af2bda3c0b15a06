"""What a long run says while it runs: a line for each file that is done, and each test that failed."""

import time
from collections import Counter

import pytest


class Progress:
    """In the process that leads the workers, instead of two thousand dots."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal
        self._began = time.monotonic()
        self._left: Counter[str] = Counter()
        self._all = self._done = 0
        self._outcomes: dict[str, Counter[str]] = {}
        self._seconds: Counter[str] = Counter()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        if not self._all:  # every worker collects the same
            self._all = len(ids)
            self._left.update(map(file_of, ids))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        if hasattr(report, "wasxfail"):
            return None
        in_call = report.when == "call"
        if report.passed:
            return ("passed" if in_call else ""), "", ""
        return ("error" if report.failed and not in_call else report.outcome), "", ""

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        name = file_of(report.nodeid)
        self._seconds[name] += report.duration
        if report.failed:
            self._say(f"FAILED {report.nodeid} ({report.when})")
        if report.when == "call" or not report.passed:
            self._outcomes.setdefault(name, Counter())[report.outcome] += 1
        if report.when == "teardown":
            self._done += 1
            self._left[name] -= 1
            if not self._left[name]:
                told = ", ".join(f"{n} {what}" for what, n in self._outcomes[name].items())
                self._say(f"{name}: {told}, {self._seconds[name]:.0f} s of a worker")

    def _say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        self._terminal.ensure_newline()
        self._terminal.write_line(
            f"{minutes:3}:{seconds:02} {self._done:5}/{self._all} {text}", flush=True
        )


def file_of(test: str) -> str:
    """Its path below the tests."""
    return test.partition("::")[0].removeprefix("trc_pipelines_tests/")
