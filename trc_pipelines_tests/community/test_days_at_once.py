"""Runs of different days at once leave what one after the other leaves, and those of one day wait."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.jobs.contract import Job, JobError
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.catalogue import LEADERBOARD_RECALCULATION
from trc_pipelines_tests.community.test_days import (
    DAY,
    LINKED,
    MONDAY,
    Days,
    at,
    award,
    broken_checks,
    computed_anew,
    converge,
    derived,
    materialise,
)
from trc_pipelines_tests.world import World, play_in

pytestmark = pytest.mark.either

POINTS = replace(MEE6_SYNC, name="daily_points", steps=MEE6_SYNC.steps[3:])
BOARDS = replace(
    LEADERBOARD_RECALCULATION,
    steps=[s for s in LEADERBOARD_RECALCULATION.steps if s.domain == "community"],
)
POST = replace(MEE6_SYNC, name="point_ledger", steps=[MEE6_SYNC.steps[2]])
NOW = at(MONDAY + 9 * DAY, 12)
# A Sunday and the Monday after it are apart: a week begins between the two.
FIRST = (MONDAY + DAY, MONDAY + 6 * DAY)
SECOND = (MONDAY + 7 * DAY, MONDAY + 8 * DAY)
# What runs write, but for clocks and whose run it was.
WRITTEN = {
    "community.daily_points": "*",
    "community.ranking_pages": "*",
    "community.counted_days": "*",
    "community.late_members": "*",
    "community.days": "day, is_points_stale, is_streaks_stale, is_boards_stale, is_growth_stale, "
    "is_streaks_due_for_all, is_boards_due_for_all",
    "leaderboards.boards": "domain, board, day, period_start, members, version",
}
KEPT = [*WRITTEN, "community.daily_streaks", "community.streak_lengths"]


def play_nine_days(url: str) -> None:
    """Nine days are computed; then points come late for two of them, and are posted but not computed."""
    with play_in(url) as world:
        days = Days(world)
        for n in range(9):
            active = ["ann", "bob", "cem"][n % 3 :]
            days.live(MONDAY + n * DAY, *active, observed=False, computed=False)
        materialise(world, NOW, MONDAY, NOW.date(), POINTS, DAILY_STREAKS, BOARDS)
        award(world, "cem", at(MONDAY + 2 * DAY, 9), 500)
        award(world, "bob", at(MONDAY + 7 * DAY, 9), 300)
        world.run(POST, NOW)
        world.execute("CREATE SCHEMA kept")
        for table in KEPT:
            world.execute(f"CREATE TABLE kept.{table.partition('.')[2]} AS TABLE {table}")


def begin_again(world: World) -> None:
    """Make the tables what they were when the test began."""
    for table in KEPT:
        world.execute(f"DELETE FROM {table}")
        world.execute(f"INSERT INTO {table} TABLE kept.{table.partition('.')[2]}")


played = pytest.mark.played.with_args(play_nine_days)


def written(world: World) -> dict[str, list[str]]:
    return {
        table: world.query(f"SELECT t::text AS row FROM (SELECT {columns} FROM {table}) AS t")[
            "row"
        ]
        .sort_values()
        .tolist()
        for table, columns in WRITTEN.items()
    }


@contextmanager
def held(world: World, statement: str) -> Iterator[int]:
    """Another session keeps what runs want, so that they come as far as that: its process."""
    url = make_url(world.database.url).set(drivername="postgresql")
    other = psycopg2.connect(url.render_as_string(hide_password=False))
    try:
        other.cursor().execute(statement)
        yield other.info.backend_pid
    finally:
        other.close()


def find_waiting(world: World, number: int, holder: int) -> list[bool]:
    """Wait until so many sessions wait for a lock: of each whether it is the holder's that it wants."""
    give_up_at = time.monotonic() + 60
    blockers = (
        f"SELECT {holder} = ANY(pg_blocking_pids(pid)) AS is_held FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while len(waiting := world.query(blockers)["is_held"].tolist()) < number:
        assert time.monotonic() < give_up_at, f"of {number} runs {len(waiting)} wait"
        time.sleep(0.02)
    return sorted(waiting)


def run_at_once(world: World, job: Job, *ranges: tuple[date, date]) -> list[bool]:
    """Run a job over ranges of days, each in a session: none ends before all wait.

    Returns:
        Of each whether it had come to its end by then, and did not wait for one of the others.
    """
    outcomes: list[object] = [None] * len(ranges)

    def run(number: int) -> None:
        try:
            outcomes[number] = world.run(job, NOW, days=ranges[number])
        except JobError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(ranges))]
    with held(world, ENDS[job.name]) as holder:
        for thread in threads:
            thread.start()
        have_come = find_waiting(world, len(ranges), holder)
    for thread in threads:
        thread.join(timeout=120)
    assert [type(outcome) for outcome in outcomes] == [dict] * len(ranges), outcomes
    return have_come


# What a run needs at its end: points to write them, boards to record which of them stand.
LATE_MEMBERS = "SELECT pg_advisory_xact_lock(hashtextextended('community.late_members', 0))"
BOARDS_NOW = "LOCK TABLE leaderboards.boards IN EXCLUSIVE MODE"
ENDS = {POINTS.name: LATE_MEMBERS, BOARDS.name: BOARDS_NOW}


@played
@pytest.mark.parametrize("job", [POINTS, BOARDS], ids=["points", "boards"])
def test_runs_of_different_days_at_once_leave_what_one_after_the_other_leaves(
    world: World, job: Job
) -> None:
    in_turn = []
    for ranges in ([FIRST, SECOND], [SECOND, FIRST]):
        begin_again(world)
        prepare(world, job)
        for days in ranges:
            world.run(job, NOW, days=days)
        in_turn.append(written(world))
    converge(world, NOW)
    in_the_end = written(world)
    begin_again(world)
    prepare(world, job)
    assert run_at_once(world, job, FIRST, SECOND) == [True, True]
    assert written(world) in in_turn
    converge(world, NOW)
    assert written(world) == in_the_end
    assert broken_checks(world) == []


def prepare(world: World, job: Job) -> None:
    """Boards are made of points that are not stale, or the first of them would make the points."""
    if job is BOARDS:
        world.run(POINTS, NOW, days=(FIRST[0], SECOND[1]))


@played
@pytest.mark.parametrize("job", [POINTS, BOARDS], ids=["points", "boards"])
def test_of_two_runs_with_a_day_in_common_one_waits(world: World, job: Job) -> None:
    prepare(world, job)
    both = (FIRST[1], SECOND[0])
    assert run_at_once(world, job, FIRST, both) == [False, True]
    at_once = written(world)
    in_turn = []
    for ranges in ([FIRST, both], [both, FIRST]):
        begin_again(world)
        prepare(world, job)
        for days in ranges:
            world.run(job, NOW, days=days)
        in_turn.append(written(world))
    assert at_once in in_turn


@played
@pytest.mark.parametrize(
    ("job", "held_by", "table"),
    [
        (POINTS, "community.daily_points:2026-03-03", "community.daily_points"),
        (BOARDS, "community.leaderboard_rankings:2026-03-03", "community.leaderboard_rankings"),
        (POINTS, "community.daily_points", "community.daily_points"),
        (POINTS, "community.late_members", "community.late_members"),
        (BOARDS, "community.late_members", "community.late_members"),
        (DAILY_STREAKS, "community.late_members", "community.late_members"),
    ],
)
def test_who_waits_for_a_day_in_vain_is_told_by_which_table(
    world: World, job: Job, held_by: str, table: str
) -> None:
    impatient = World(
        replace(world.database, lock_timeout_seconds=0.2),
        world.settings.model_copy(update={"lock_timeout_seconds": 0.2}),
        world.simulator,
    )
    before = written(world)
    with (
        held(world, f"SELECT pg_advisory_xact_lock(hashtextextended('{held_by}', 0))"),
        pytest.raises(JobError, match=rf"another run is writing {table}; waited 0\.2 s"),
    ):
        impatient.run(job, NOW, days=FIRST)
    assert written(world) == before


@played
@pytest.mark.parametrize("seed", range(examples(2)))
def test_whatever_runs_at_once_days_end_as_if_computed_alone(world: World, seed: int) -> None:
    """Points, boards and streaks of any days while awards arrive: nobody is locked out for good."""

    def live(number: int) -> None:
        rng = random.Random(f"{seed}:{number}")
        for turn in range(4):
            first = rng.randrange(9)
            days = (MONDAY + first * DAY, MONDAY + rng.randrange(first, 9) * DAY)
            job = rng.choice([POINTS, BOARDS, BOARDS, POST, DAILY_STREAKS])
            if job is POST:
                award(world, rng.choice(list(LINKED)), at(days[0], 9), 10 * number + turn + 1)
            try:
                world.run(job, NOW, days=days, are_days_due=rng.random() < 0.3)
            except JobError as error:
                refused.append(str(error))
            except Exception as error:
                broken.append(error)
                raise

    refused: list[str] = []
    broken: list[Exception] = []
    threads = [threading.Thread(target=live, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert not broken
    assert not refused
    world.run(POST, NOW)
    converge(world, NOW)
    # The open day is nobody's to find stale: its clock makes it every hour.
    materialise(world, NOW, NOW.date(), NOW.date(), POINTS, DAILY_STREAKS, BOARDS)
    assert derived(world) == computed_anew(world, NOW)
    assert broken_checks(world) == []
