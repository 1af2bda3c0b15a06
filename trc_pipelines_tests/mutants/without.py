"""Run the tests that must notice, without a guard: a process for each, of one that has read the tests.

All share one server. The templates of its databases are made again without the guard: it may stand in
a migration, or be missed already by what is played in them.
"""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trc_pipelines.cli.output import say
from trc_pipelines.database import statements
from trc_pipelines_tests import isolation, servers
from trc_pipelines_tests.edits import ROOT
from trc_pipelines_tests.mutants.guards import GUARDS, Guard

KEPT = Path("mutants") / "guards.json"
VERSION = servers.POSTGRES_VERSIONS[0]
PATIENCE_SECONDS = 300
ARGUMENTS = ["-n", "0", "-x", "-q", "-p", "no:cacheprovider"]


def try_guards() -> list[Guard]:
    """Take away each guard that was not tried as it is now; those that nobody missed."""
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    due = [guard for guard in GUARDS if known.get(guard.name, {}).get("of") != _digest(guard)]
    if due:
        with _serve() as folder:
            _read_tests(due)
            for tests in dict.fromkeys(guard.tests for guard in due):
                # What fails anyway notices nothing.
                if _do_fail(tests, folder):
                    raise SystemExit(f"{tests} fails with every guard in its place; mend it first")
                for guard in [guard for guard in due if guard.tests == tests]:
                    is_missed = _do_fail(tests, folder, guard)
                    say(f"{'missed' if is_missed else 'NOT MISSED':10}  {guard.name}")
                    known[guard.name] = {"of": _digest(guard), "is_missed": is_missed}
                    KEPT.parent.mkdir(exist_ok=True)
                    KEPT.write_text(json.dumps(known, indent=1))
    return [guard for guard in GUARDS if not known[guard.name]["is_missed"]]


def _digest(guard: Guard) -> str:
    """Of the guard, its file, and the tests."""
    tests = (ROOT / "trc_pipelines_tests" / guard.tests).read_bytes()
    what = repr(guard).encode() + (ROOT / guard.file).read_bytes() + tests
    return hashlib.sha256(what).hexdigest()[:16]


@contextmanager
def _serve() -> Iterator[Path]:
    """One server for all, which no test stops; the folder it is in."""
    end_servers = servers.end_servers
    servers.end_servers = lambda _folder: None
    servers.Servers.__exit__ = lambda *_: None  # type: ignore[method-assign]
    del servers.POSTGRES_VERSIONS[1:]
    try:
        yield isolation.FOLDER
    finally:
        end_servers(isolation.FOLDER)


def _read_tests(guards: list[Guard]) -> None:
    """Import them all once, and what they import."""
    files = sorted({f"trc_pipelines_tests/{guard.tests}" for guard in guards})
    if pytest.main([*ARGUMENTS, "--collect-only", "-qqq", *files]):
        raise SystemExit("the tests of the guards cannot be read: see above")


def _do_fail(tests: str, folder: Path, guard: Guard | None = None) -> bool:
    """Whether one of the tests fails, without a guard or with all."""
    pid = os.fork()
    if not pid:
        signal.alarm(PATIENCE_SECONDS)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        if guard:
            _take_away(guard, folder)
        os._exit(pytest.main([*ARGUMENTS, f"trc_pipelines_tests/{tests}"]))
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if guard:
        _forget_templates(folder)
    if status not in (0, 1):
        raise SystemExit(f"{guard or tests}: pytest ended with {status}, which says nothing")
    return status == 1


def _take_away(guard: Guard, folder: Path) -> None:
    copy = folder / "sql"
    shutil.copytree(ROOT / "sql", copy, dirs_exist_ok=True)
    (folder / guard.file).write_text(guard.read_changed())
    statements.SQL_FOLDER = copy
    _forget_templates(folder)


def _forget_templates(folder: Path) -> None:
    """Have them migrated, and what begins in them played, again by whoever needs them next."""
    marks = [mark for mark in folder.glob(f"{VERSION}.*") if mark.suffix != ".lock"]
    if marks:
        url = servers.start_embedded_server(folder / str(VERSION), VERSION, servers.SETTINGS)
        for mark in marks:
            # A template is called what its mark ends with.
            servers.drop_database(servers.with_database(url, mark.suffix[1:]))
            mark.unlink()
