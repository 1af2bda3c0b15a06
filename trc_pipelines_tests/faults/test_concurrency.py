"""Several runs at once: one effect, exact counts, no deadlock, and a clear word to who waits in vain."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.community.accounts import find_accounts
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.steps.point_ledger import post_entries
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import JobError, Options, Work
from trc_pipelines_tests.faults.conftest import Crasher
from trc_pipelines_tests.world import NOON, QUARTER, World, board

LINKED = {f"m{i}": 1000 + i for i in range(10)}
BEFORE = dict.fromkeys(LINKED.values(), 1000)
AFTER = dict.fromkeys(LINKED.values(), 1250)
WORKERS = 4


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Outcomes, or the errors raised."""
    gate = threading.Barrier(len(calls))
    outcomes: list[object] = [None] * len(calls)

    def run(i: int, call: Callable[[], object]) -> None:
        gate.wait()
        try:
            outcomes[i] = call()
        except Exception as error:
            outcomes[i] = error

    threads = [threading.Thread(target=run, args=(i, call)) for i, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return outcomes


def assert_posted_once(world: World, syncs: int) -> None:
    assert world.points() == dict.fromkeys(LINKED, 2)
    tables = world.query(
        "SELECT (SELECT count(*) FROM community.point_ledger) AS entries, "
        "(SELECT count(*) FROM community.xp_deltas WHERE kind = 'change') AS changes, "
        "(SELECT count(*) FROM community.mee6_syncs) AS syncs, "
        "(SELECT sum(attempts) FROM community.mee6_syncs) AS attempts, "
        "(SELECT count(*) FROM community.whole_readings) AS readings"
    )
    assert tables.iloc[0].tolist() == [10, 10, syncs, syncs, 10 * syncs]


def test_syncs_of_one_slot_in_several_threads_have_the_effect_of_one(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, BEFORE)
    world.simulator.board = board(AFTER)
    requests = len(world.simulator.requests)
    outcomes = at_once(*[lambda: world.run(MEE6_SYNC, NOON + QUARTER)] * WORKERS)
    messages = Counter(o["community.mee6_leaderboard_snapshot"].message for o in outcomes)
    assert sorted(messages.values()) == [1, WORKERS - 1]
    assert sum(o["community.point_ledger"].affected for o in outcomes) == len(LINKED)
    assert len(world.simulator.requests) == requests + 1
    assert_posted_once(world, syncs=2)


def test_syncs_of_different_slots_in_several_threads_pay_every_gain_once(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, BEFORE)
    world.simulator.board = board(AFTER)
    at_once(*[lambda i=i: world.run(MEE6_SYNC, NOON + i * QUARTER) for i in range(1, WORKERS + 1)])
    world.run(MEE6_SYNC, NOON + 9 * QUARTER)
    assert world.points() == dict.fromkeys(LINKED, 2)


def test_syncs_of_one_slot_in_several_processes_have_the_effect_of_one(
    world: World, crasher: Crasher
) -> None:
    world.link(LINKED)
    for slot, figures in enumerate([BEFORE, AFTER]):
        answer = crasher(world.database.url, NOON + slot * QUARTER, figures, processes=WORKERS)
        assert answer["ends"] == [0] * WORKERS
    assert_posted_once(world, syncs=2)


@pytest.mark.parametrize("number", range(len(MEE6_SYNC.steps)))
def test_who_waits_in_vain_for_another_run_is_told_which_setting_and_changes_nothing(
    world: World, number: int
) -> None:
    world.link(LINKED)
    world.sync(NOON, BEFORE)
    world.simulator.board = board(AFTER)
    impatient = World(
        replace(world.database, lock_timeout_seconds=0.2),
        world.settings.model_copy(update={"lock_timeout_seconds": 0.2}),
        world.simulator,
    )
    job = replace(MEE6_SYNC, steps=MEE6_SYNC.steps[number:])
    world.run(replace(MEE6_SYNC, steps=MEE6_SYNC.steps[:number]), NOON + QUARTER)
    before = (
        world.query("SELECT * FROM community.point_ledger"),
        world.query("SELECT * FROM community.mee6_syncs"),
    )
    table = MEE6_SYNC.steps[number].table
    url = make_url(world.database.url).set(drivername="postgresql")
    with psycopg2.connect(url.render_as_string(hide_password=False)) as other:
        other.cursor().execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [table])
        with pytest.raises(JobError, match=rf"{table}; waited 0\.2 s \(LOCK_TIMEOUT_SECONDS\)"):
            impatient.run(job, NOON + QUARTER)
        after = (
            world.query("SELECT * FROM community.point_ledger"),
            world.query("SELECT * FROM community.mee6_syncs"),
        )
    other.close()
    for old, new in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(old, new)
    world.run(MEE6_SYNC, NOON + QUARTER)
    assert_posted_once(world, syncs=2)


@pytest.mark.parametrize("days", ["shared", "their own"])
def test_posters_of_the_same_members_in_any_order_do_not_deadlock_and_balances_are_exact(
    database: Database, days: str
) -> None:
    """Posters that share no step lock, as those of several domains.

    With days of their own only the rows of the balances stand between them; many members and few
    in turn, since the order in which PostgreSQL groups depends on how many there are.
    """
    members, rounds = [f"m{i:03}" for i in range(300)], 12
    with database.transaction() as transaction:
        known = find_accounts(transaction, pd.DataFrame({"member_id": members}))
    accounts = known.set_axis(members)
    expected: Counter[str] = Counter()
    batches = {}
    for who in range(WORKERS):
        shuffled = random.Random(who)
        batches[who] = []
        for turn in range(rounds):
            some = shuffled.sample(members, 300 if (who + turn) % 2 else 60)
            expected.update(dict.fromkeys(some, who + 1))
            first = 0 if days == "shared" else 100 * who
            ago = [first + shuffled.randrange(60) for _ in some]
            at = (pd.Timestamp(NOON) - pd.to_timedelta(ago, unit="D")).to_series(
                index=range(len(some))
            )
            batches[who].append(
                pd.DataFrame(
                    {
                        "account_id": accounts[some].array,
                        "action": "benchmark_submission",
                        "points": who + 1,
                        "effective_at": at,
                        "effective_on": at.dt.tz_localize(None).dt.normalize(),
                        "source_key": [f"p:{who}:{turn}:{member}" for member in some],
                        "sync_id": pd.array([pd.NA] * len(some), dtype="Int64"),
                        "metadata": "{}",
                    }
                )
            )

    def poster(who: int) -> None:
        with database.connect() as connection:
            for turn, entries in enumerate(batches[who]):
                options = Options(NOON, datetime.now(UTC), f"{who}-{turn}", "test")
                with connection.transaction() as transaction:
                    days = (NOON.date(), NOON.date())
                    work = Work(transaction, database, None, options, days, is_dry_run=False)
                    assert post_entries(work, entries)["entries"] == len(entries)

    assert at_once(*[lambda who=who: poster(who) for who in range(WORKERS)]) == [None] * WORKERS
    with database.transaction() as transaction:
        assert transaction.read("community/check_ledger_sums_match_balances").empty
    assert World(database, None, None).points() == expected
