"""The `trc` command, in this process."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from trc_pipelines.cli import output
from trc_pipelines.cli.installation import make_home
from trc_pipelines.cli.main import main
from trc_pipelines.jobs.orchestration import connected
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.isolation import belongs_to_the_person

Trc = Callable[..., int]


@contextmanager
def install(home: Path) -> Iterator[Trc]:
    """The command, on an installation of its own; leaves environment and signals as they were."""
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def call(*arguments: str) -> int:
        with patch.object(sys, "argv", ["trc", *arguments]), pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0)

    connected.cache_clear()
    # Nobody waits here, and on a busy machine everything takes two seconds.
    with patch.dict(os.environ), patch.object(output, "PATIENCE_SECONDS", 3600):
        for name in [*filter(belongs_to_the_person, os.environ)]:
            del os.environ[name]
        os.environ["TRC_HOME"] = str(home)
        make_home(load_settings())
        yield call
    connected.cache_clear()
    for number, handler in handlers.items():
        signal.signal(number, handler)
