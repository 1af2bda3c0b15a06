"""A rehearsal of any job tells what the real run then does, and leaves nothing behind."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import DAILY_STREAKS
from trc_pipelines.database.embedded import client_program
from trc_pipelines.definitions import JOBS, LEADERBOARD_RECALCULATION
from trc_pipelines_tests.world import World

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINKED = {f"m{i}": 1000 + i for i in range(8)}


def dump(world: World) -> str:
    url = make_url(world.database.url).set(drivername="postgresql")
    # The newer program reads the older server too.
    text = subprocess.run(
        [client_program("pg_dump"), "--restrict-key=same", url.render_as_string(False)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    # A number that was drawn is not given back by a rollback: gaps in keys are no effect.
    return "\n".join(line for line in text.splitlines() if "pg_catalog.setval(" not in line)


@pytest.fixture
def lived_in(world: World) -> World:
    """A fortnight with everything in it and something for every job still to do."""
    world.link(LINKED)
    for day in range(14):
        xp = {account: 1000 + 170 * day + account % 7 * 30 * day for account in LINKED.values()}
        world.sync(MONDAY + day * DAY + 9 * HOUR, xp)
        if day:
            world.run(DAILY_STREAKS, MONDAY + day * DAY + 10 * HOUR)
    world.run(LEADERBOARD_RECALCULATION, MONDAY + 13 * DAY + 10 * HOUR)
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"SELECT member_id, 'resource_download', 5, '{MONDAY + 13 * DAY + 12 * HOUR}' "
        "FROM community.members"
    )
    world.simulator.board = world.simulator.board.assign(xp=world.simulator.board["xp"] + 333)
    return world


def due(world: World, job_name: str) -> datetime:
    """A moment at which the job has something to do."""
    if job_name in ("leaderboard_weekly_reset", "leaderboard_monthly_reset"):
        return MONDAY + 16 * DAY
    if job_name == "housekeeping":
        return MONDAY + 60 * DAY
    return MONDAY + 14 * DAY + HOUR


@pytest.mark.parametrize(
    "job", [j for j in JOBS if j.name != "leaderboard_cache"], ids=lambda j: j.name
)
def test_a_rehearsal_tells_what_the_run_then_does_and_leaves_the_dump_as_it_was(
    lived_in: World, job
) -> None:
    moment = due(lived_in, job.name)
    before = dump(lived_in)
    rehearsed = lived_in.run(job, moment, dry_run=True)
    assert dump(lived_in) == before
    assert lived_in.run(job, moment) == rehearsed
    assert sum(result.affected for result in rehearsed.values()) > 0
    assert dump(lived_in) != before
