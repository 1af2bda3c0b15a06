"""The crash driver, and small things the fault tests share."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Crasher = Callable[..., dict]


@pytest.fixture(scope="session")
def crasher() -> Iterator[Crasher]:
    """Runs a sync in processes of its own, which may be told to die at a point."""
    with subprocess.Popen(
        [sys.executable, "-m", "trc_pipelines_tests.faults.crasher"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip

        def run(
            url: str, as_of: datetime, board: dict[int, int], *,
            deadly: int | None = None, how: str = "SIGKILL", processes: int = 1,
        ) -> dict:  # fmt: skip
            command = {
                "url": url, "as_of": as_of.isoformat(), "board": board,
                "deadly": deadly, "how": how, "processes": processes,
            }  # fmt: skip
            print(json.dumps(command), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield run
        process.stdin.close()
