"""More than one host, played on one Linux machine: `make cluster`, as root.

A control and two workers in network namespaces, over PostgreSQL and Redis. First sixty days of points
and boards and every job, once on one host and once on two: the tables must be equal but for ids of
runs and clocks. Then hosts, links, broker and server fail in the middle of a run. Prints tables in
Markdown; nothing outside is changed, and nothing is left.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from trc_pipelines_tests.cluster.driving import Driver, count_rows_and_differences, now
from trc_pipelines_tests.cluster.faults import FAULTS, Cluster, Row
from trc_pipelines_tests.cluster.network import (
    ADDRESSES,
    CONTROL,
    INSIDE,
    WORKERS,
    cut_off,
    find_missing,
    on,
    open_network,
)
from trc_pipelines_tests.cluster.processes import (
    Installation,
    Postgres,
    require_programs,
)
from trc_pipelines_tests.cluster.world import fill

HISTORY = timedelta(days=67)
# Longer than the server and the sensor need to find out.
CUT_SECONDS = 75
# Runs that settle a part of the games each, on two hosts; one settles all of them on one.
SETTLEMENTS = 3
# No reading is asked for: nothing would answer.
SETTINGS = {
    "COMMUNITY_START_ON": str((now() - HISTORY).date()),
    "MEE6_SYNC_ENABLED": "false",
    "MEE6_GUILD_ID": "77",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make cluster", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"play, {', '.join(FAULTS)}")
    parser.add_argument(
        "--folder",
        type=Path,
        help="keep logs and databases there; what was played in it is taken as it is",
    )
    arguments = parser.parse_args()
    parts = arguments.parts or ["play", *FAULTS]
    if unknown := set(parts) - {"play", *FAULTS}:
        parser.error(f"no part is called {', '.join(unknown)}")
    if missing := [*find_missing(), *require_programs()]:
        sys.exit(f"make cluster needs {', '.join(missing)}")
    # Ended by a signal, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if INSIDE not in os.environ:
        with open_network():
            command = on(CONTROL, sys.executable, "-m", __spec__.parent, *sys.argv[1:])
            sys.exit(subprocess.run(command, check=False).returncode)
    with ExitStack() as stack:
        if arguments.folder:
            arguments.folder.mkdir(exist_ok=True)
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)  # PostgreSQL runs as a user of its own
        run(folder, parts)


def run(folder: Path, parts: list[str]) -> None:
    postgres = Postgres(folder)
    try:
        if "play" in parts:
            make_world(folder, postgres)
            compare(folder, postgres)
        faults = [part for part in parts if part != "play"]
        if faults:
            with ExitStack() as stack:
                cluster = open_empty(folder, postgres, stack)
                rows = [tell_row(FAULTS[part](cluster)) for part in faults]
            show("Faults in the middle of a run, which holds its place; times from the fault", rows)
    finally:
        postgres.process.end()


def make_world(folder: Path, postgres: Postgres) -> None:
    """Two months of three apps in the database `played`, with no clock that ticks."""
    tell("Making two months")
    postgres.execute("postgres", "CREATE DATABASE played")
    world = Installation(folder, postgres, "played", **SETTINGS)
    world.trc("db", "migrate")
    fill(postgres, "played", now(), HISTORY - timedelta(days=1))
    world.trc("run", "mee6_sync")
    world.trc("run", "daily_streaks")  # as every night, so that only the last one is asked for
    with world.controlled("up"):
        driver = Driver(world, postgres)
        driver.stop_clocks()
        driver.wait_for_rest()
    # What that made, and triggers asked for before they were stopped: it is what both are to compute.
    postgres.execute("played", "TRUNCATE community.daily_points, community.ranking_pages")


def open_empty(folder: Path, postgres: Postgres, stack: ExitStack) -> Cluster:
    """A control over tables with nothing in them, whose clocks stand still."""
    tell("Starting a control")
    cluster = Cluster(folder, postgres, stack)
    cluster.open("empty", **SETTINGS)
    cluster.driver.stop_clocks()
    return cluster


def compare(folder: Path, postgres: Postgres) -> None:
    """The same on one host, on two, and on two of which one is cut off."""
    as_of = now()
    tell("On one host")
    postgres.copy("played", "one")
    one = Installation(folder, postgres, "one", **SETTINGS)
    with one.controlled("up"):
        alone, _ = play(Driver(one, postgres), as_of)
    two, hosts = on_two_hosts(folder, postgres, "two", as_of, settlements=SETTLEMENTS)
    total, differences = count_rows_and_differences(postgres, "one", "two")
    rows = [
        {"on": where} | each
        for where, played in (("one host", alone), ("two hosts", two))
        for each in played
    ]
    show("Sixty days and every job, asked for at once", rows)
    print(f"{len(hosts)} hosts were at work. {total:,} rows compared; those that differ:\n")
    show("Differences beside ids of runs", differences or [{"table": "none"}])
    cut, hosts = on_two_hosts(folder, postgres, "cut", as_of, Cut())
    total, differences = count_rows_and_differences(postgres, "one", "cut")
    show(
        "The same, and a host is cut off in the middle",
        cut,
    )
    print(f"{len(hosts)} hosts were at work. {total:,} rows compared; those that differ:\n")
    show("Differences beside ids of runs", differences or [{"table": "none"}])


def on_two_hosts(
    folder: Path,
    postgres: Postgres,
    database: str,
    as_of: datetime,
    cut: "Cut | None" = None,
    settlements: int = 1,
) -> tuple[list[dict[str, Any]], set[str]]:
    """What is played, on a control and two workers."""
    tell(f"On two hosts: {database}")
    postgres.copy("played", database)
    with ExitStack() as stack:
        cluster = Cluster(folder, postgres, stack)
        cluster.open(database, **SETTINGS)
        for host in WORKERS:
            stack.enter_context(cluster.installation.working(host))
        return play(cluster.driver, as_of, cut, settlements)


def play(
    driver: Driver, as_of: datetime, cut: "Cut | None" = None, settlements: int = 1
) -> tuple[list[dict[str, Any]], set[str]]:
    """Ask for everything, and again, as the next ticks do: what began first has not seen what came then."""
    played = driver.play(as_of, cut, settlements)
    if cut:
        cut.end()
    driver.play(as_of)
    return played


class Cut:
    """Cuts a host off as soon as it works, until the server has found its sessions dead."""

    def __init__(self) -> None:
        self._link = ExitStack()
        self._until: float | None = None

    def __call__(self, at_work: set[str]) -> None:
        if self._until is None and ADDRESSES[WORKERS[1]] in at_work:
            tell("A host is cut off")
            self._link.enter_context(cut_off(WORKERS[1]))
            self._until = time.monotonic() + CUT_SECONDS
        elif self._until and time.monotonic() > self._until:
            self._link.close()

    def end(self) -> None:
        """Cut off, a worker could not even leave."""
        assert self._until, f"nothing ran on {WORKERS[1]}"
        self._link.close()


def show(title: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Print a table in Markdown."""
    head = [f"| {' | '.join(rows[0])} |", f"|{'---|' * len(rows[0])}"]
    lines = [f"| {' | '.join(map(str, row.values()))} |" for row in rows]
    print(f"## {title}\n", *head, *lines, "", sep="\n", flush=True)


def tell_row(row: Row) -> Row:
    tell("; ".join(filter(None, row.values())))
    return row


def tell(what: str) -> None:
    print(f"{now():%H:%M:%S} {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
