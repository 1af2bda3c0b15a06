"""The crash driver."""

from collections.abc import Iterator

import pytest

from trc_pipelines_tests.faults.crasher import Crasher, start_crasher


@pytest.fixture(scope="session")
def crasher() -> Iterator[Crasher]:
    """Runs a job in processes of its own, which may be told to die at a point."""
    with start_crasher() as run:
        yield run
