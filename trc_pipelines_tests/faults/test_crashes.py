"""A process that dies at any statement of the sync leaves nothing that the next one does not mend."""

import signal

import pandas as pd
import pytest

from trc_pipelines.database.connection import Database
from trc_pipelines_tests.budget import one_in
from trc_pipelines_tests.faults.crasher import Crasher
from trc_pipelines_tests.servers import create_database
from trc_pipelines_tests.world import DELTAS, NOON, QUARTER, World

LINKED = {"ann": 1001, "bob": 1002, "cem": 1003}
GAINED = {1001: 150, 1002: 60, 1003: -30}  # per sync: with carry, below a point, and losing


def board(slot: int) -> dict[int, int]:
    return {account: 50_000 + gained * slot for account, gained in GAINED.items()}


def award(world: World, slot: int) -> None:
    world.execute(
        "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
        f"VALUES ({slot}, 'bob', 'resource_download', 5, '{NOON + slot * QUARTER}')"
    )


def ledger(world: World) -> pd.DataFrame:
    return world.query(
        "SELECT coalesce('sync ' || sync_id, source_key) AS source, member_id, action, points, "
        "effective_at, effective_on FROM community.member_entries ORDER BY 1, 2"
    )


def derived(world: World) -> list[pd.DataFrame]:
    """Everything a sync leaves behind, times of recording aside."""
    return [
        ledger(world),
        world.query("SELECT * FROM community.member_points ORDER BY member_id"),
        world.query(f"{DELTAS} ORDER BY sync_id, discord_id"),
        # But for keys of accounts, of which a run that is rolled back leaves out some.
        world.query("SELECT * FROM community.xp_states ORDER BY discord_id").drop(
            columns="account_id"
        ),
        world.query("SELECT * FROM community.daily_points ORDER BY member_id, day"),
        world.query("SELECT * FROM community.whole_readings ORDER BY sync_id, discord_id"),
        world.query(
            "SELECT sync_id, status, deltas_at IS NULL AS d, posted_at IS NULL AS p "
            "FROM community.mee6_syncs ORDER BY sync_id"
        ),
    ]


def make_world(server: str) -> World:
    world = World(Database(create_database(server), 30, 10), None, None)
    world.link(LINKED)
    return world


def crash_everywhere(
    server: str, crasher: Crasher, how: str, ended: int, *, every: int, at_commits: bool = False
) -> None:
    """Sync after sync, each crashed at a later point and run again; then compare with no crash.

    One point in `every`, since statements of one transaction are rolled back alike; and both sides of
    every commit, where what is done and the mark of it could part.
    """
    disturbed, calm = make_world(server), make_world(server)
    url, calm_url = disturbed.database.url, calm.database.url
    for slot in range(2):
        assert crasher(url, NOON + slot * QUARTER, board(slot))["ends"] == [0]
    # One more, counted: the job at its usual length.
    award(disturbed, 2)
    counted = crasher(url, NOON + 2 * QUARTER, board(2))
    points, commits = counted["passed"][0], counted["commits"][0]
    assert points > 60  # about 75 statements, and 4 commits
    assert len(commits) >= 8
    deadly_points = sorted({*range(1, points + 1, every), *(commits if at_commits else [])})
    slots = len(deadly_points) + 3
    for slot, deadly in enumerate(deadly_points, start=3):
        award(disturbed, slot)
        crashed = crasher(url, NOON + slot * QUARTER, board(slot), deadly=deadly, how=how)
        assert crashed["ends"] == [ended], f"point {deadly}"
        assert crasher(url, NOON + slot * QUARTER, board(slot))["ends"] == [0], f"point {deadly}"
        audit = disturbed.query(
            "SELECT m.member_id, m.total, sum(l.points)::bigint AS entries FROM community.member_points AS m "
            "INNER JOIN community.member_entries AS l USING (member_id) GROUP BY 1, 2"
        ).set_index("member_id")
        assert (audit["total"] == audit["entries"]).all(), f"point {deadly}"
        assert audit["total"].to_dict() == {
            "ann": 150 * slot // 100,
            "bob": 60 * slot // 100 + 5 * (slot - 1),
            **({"cem": -(30 * slot // 100)} if slot > 3 else {}),
        }, f"point {deadly}"
    before = derived(disturbed)
    for slot in (2, slots // 2, slots - 1):  # hours later, with another board
        assert crasher(url, NOON + slot * QUARTER, board(slot + 500))["ends"] == [0]
    for mine, earlier in zip(derived(disturbed), before, strict=True):
        pd.testing.assert_frame_equal(mine, earlier)

    for slot in range(slots):
        if slot >= 2:
            award(calm, slot)
        assert crasher(calm_url, NOON + slot * QUARTER, board(slot))["ends"] == [0]
    for mine, undisturbed in zip(before, derived(calm), strict=True):
        pd.testing.assert_frame_equal(mine, undisturbed)


def test_killed_at_any_statement_the_next_run_ends_where_no_crash_would_have(
    servers: dict[int, str], crasher: Crasher
) -> None:
    crash_everywhere(
        servers[18], crasher, "SIGKILL", -signal.SIGKILL, every=one_in(8), at_commits=True
    )


@pytest.mark.parametrize(("how", "ended"), [("SIGTERM", -signal.SIGTERM), ("exception", 3)])
def test_terminated_or_failing_at_a_statement_the_next_run_ends_where_no_crash_would_have(
    servers: dict[int, str], crasher: Crasher, how: str, ended: int
) -> None:
    crash_everywhere(servers[16], crasher, how, ended, every=one_in(12))
