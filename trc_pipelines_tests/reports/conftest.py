"""Worlds with a past, made once for all tests of a module: nothing here writes to them afterwards."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trc_pipelines.demo.simulator import Simulator
from trc_pipelines.reports.engagement import read_report
from trc_pipelines.reports.page import render
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.catalogue import CATALOGUE, JOBS
from trc_pipelines_tests.databases import PooledDatabase, borrow_database
from trc_pipelines_tests.reports.history import AS_OF, make_history
from trc_pipelines_tests.reports.pages import Page, parse_page
from trc_pipelines_tests.world import World, board

SECTIONS = {one.name: one.section for one in CATALOGUE.domains}
JOB_NAMES = [job.name for job in JOBS]
EMPTY = "empty"


@dataclass
class Shown:
    """A world, and its page."""

    world: World
    html: str
    page: Page


@pytest.fixture(scope="module", params=[1, 2, 3, EMPTY], ids=lambda seed: f"seed {seed}")
def shown(
    request: pytest.FixtureRequest,
    servers: dict[int, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shown]:
    """The page of a made-up past, and of a community in which nothing has happened."""
    with borrow_database(servers[18]) as url, Simulator(board({})) as simulator:
        world = make_world(url, simulator, tmp_path_factory.mktemp("home"))
        if request.param != EMPTY:
            make_history(world, request.param)
        html = make_page(world)
        yield Shown(world, html, parse_page(html))


def make_world(url: str, simulator: Simulator, home: Path) -> World:
    settings = load_settings(
        trc_home=home,
        database_url=url,
        mee6_guild_id=simulator.guild_id,
        mee6_base_url=simulator.base_url,
        mee6_request_interval_seconds=0,
    )
    database = PooledDatabase(url, statement_timeout_seconds=60, lock_timeout_seconds=30)
    return World(database, settings, simulator)


def make_page(world: World, **changed: object) -> str:
    with world.database.snapshot() as transaction:
        as_of = changed.get("as_of", AS_OF)
        report, _named = read_report(
            transaction, changed.get("sections", SECTIONS), JOB_NAMES, as_of, as_of
        )
    return render(report)
