"""Reading the board beside everything else: who is looked for, who counts, what waits meanwhile."""

import threading
from collections.abc import Callable
from contextlib import nullcontext
from unittest import mock

import pandas as pd
import pytest

from trc_pipelines.community.conditions import find_conditions
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.reviews import review_sync
from trc_pipelines.jobs.contract import Options
from trc_pipelines.jobs.execution import Run
from trc_pipelines.mee6.client import Mee6Client
from trc_pipelines.mee6.models import Leaderboard
from trc_pipelines_tests.world import DELTAS, NOON, QUARTER, World, board

# What is tested is what is asked of MEE6 and when.
pytestmark = pytest.mark.either

LINKED = {"ann": 1001, "bob": 1002}
SNAPSHOT = "community.mee6_leaderboard_snapshot"


def relink(world: World, **accounts: int | None) -> None:
    for member, account in accounts.items():
        world.execute(
            f"UPDATE community.members SET discord_id = {account or 'NULL'} "
            f"WHERE member_id = '{member}'"
        )


@pytest.mark.parametrize("meanwhile", [None, 2001], ids=["unlinked", "under another account"])
def test_xp_gained_before_a_link_is_not_paid_on_relinking(
    world: World, meanwhile: int | None
) -> None:
    world.link(LINKED)
    figures = {1001: 1_000, 1002: 1_000, 2001: 0}
    world.sync(NOON, figures)
    world.sync(NOON + QUARTER, figures | {1001: 1_150})
    assert world.points() == {"ann": 1}
    relink(world, ann=meanwhile)
    world.sync(NOON + 2 * QUARTER, figures | {1001: 1_300})
    relink(world, ann=1001)
    world.sync(NOON + 3 * QUARTER, figures | {1001: 1_500})
    # 50 XP were carried when the link ended, and ended with it.
    world.sync(NOON + 4 * QUARTER, figures | {1001: 1_590})
    assert world.points() == {"ann": 1}
    world.sync(NOON + 5 * QUARTER, figures | {1001: 1_600})
    assert world.points() == {"ann": 2}


def test_an_account_that_was_absent_when_it_was_unlinked_starts_anew_too(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1002: 1_000})
    relink(world, ann=None)
    world.sync(NOON + QUARTER, {1002: 1_000})
    relink(world, ann=1001)
    world.sync(NOON + 2 * QUARTER, {1001: 300, 1002: 1_000})
    assert world.points() == {}


def test_who_is_merely_off_the_board_stays_linked(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.sync(NOON + QUARTER, {1002: 1_000})
    world.sync(NOON + 2 * QUARTER, {1002: 1_000})
    world.sync(NOON + 3 * QUARTER, {1001: 1_200, 1002: 1_000})
    assert world.points() == {"ann": 2}


def test_states_of_the_unlinked_are_what_their_deltas_add_up_to(world: World) -> None:
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.sync(NOON + QUARTER, {1001: 1_250, 1002: 1_000})
    relink(world, ann=None)
    for slot in (2, 3):
        world.sync(NOON + slot * QUARTER, {1001: 1_300, 1002: 1_000})
    kinds = world.query(f"SELECT kind FROM ({DELTAS}) AS d WHERE discord_id = 1001")["kind"]
    assert kinds.tolist() == ["baseline", "change", "unlinked"]
    with world.database.transaction() as transaction:
        assert transaction.read("community/check_carries_account_for_all_xp").empty


def test_a_view_that_is_empty_for_a_moment_costs_nobody_what_is_known(world: World) -> None:
    members = {f"m{i}": 1000 + i for i in range(10)}
    figures = dict.fromkeys(members.values(), 1_000)
    world.link(members)
    world.sync(NOON, figures)
    world.execute(
        "CREATE TABLE kept AS SELECT * FROM community.members; DELETE FROM community.members"
    )
    result = world.sync(NOON + QUARTER, figures)[SNAPSHOT]
    assert result.details["status"] == "quarantined"
    assert "10 of 10 known members are not linked any more" in result.message
    world.execute("INSERT INTO community.members SELECT * FROM kept")
    world.sync(NOON + 2 * QUARTER, figures | {1000: 1_200})
    assert world.points() == {"m0": 2}


def test_two_members_who_claim_one_account_are_set_aside_and_everybody_else_goes_on(
    world: World,
) -> None:
    world.execute(
        "ALTER TABLE community.members DROP CONSTRAINT members_discord_id_key"
    )  # as in a view over the app's tables
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.link({"eve": 1001, "fay": 1003, "gus": 1003})
    result = world.sync(NOON + QUARTER, {1001: 1_300, 1002: 1_200, 1003: 5})[SNAPSHOT]
    assert world.points() == {"bob": 2}
    assert "set aside" in result.message
    assert all(member in result.message for member in ("ann", "eve", "fay", "gus"))
    with world.database.transaction() as transaction:
        (claim,) = find_conditions(transaction)
    assert "ann, eve, fay, gus" in claim.message
    assert "bob" not in claim.message

    world.execute("DELETE FROM community.members WHERE member_id IN ('eve', 'fay')")
    world.sync(NOON + 2 * QUARTER, {1001: 1_400, 1002: 1_200, 1003: 5})
    assert world.points() == {"ann": 4, "bob": 2}
    with world.database.transaction() as transaction:
        assert find_conditions(transaction) == []


def test_a_contested_account_passes_to_whoever_keeps_it_from_a_new_baseline(world: World) -> None:
    world.execute("ALTER TABLE community.members DROP CONSTRAINT members_discord_id_key")
    world.link(LINKED)
    world.sync(NOON, {1001: 1_000, 1002: 1_000})
    world.link({"eve": 1001})
    world.sync(NOON + QUARTER, {1001: 1_300, 1002: 1_000})
    world.execute("DELETE FROM community.members WHERE member_id = 'ann'")
    world.sync(NOON + 2 * QUARTER, {1001: 1_400, 1002: 1_000})
    assert world.points() == {}


# --- what is believed


def status_of(world: World, slot: int, xp: dict[int, int]) -> str:
    return str(world.sync(NOON + slot * QUARTER, xp)[SNAPSHOT].details["status"])


def test_who_was_absent_once_cannot_bring_five_million_xp(world: World) -> None:
    world.link(LINKED)
    figures = {1001: 1_000, 1002: 1_000}
    status_of(world, 0, figures)
    status_of(world, 1, {1002: 1_000})
    assert status_of(world, 2, figures | {1001: 5_001_000}) == "quarantined"
    assert world.points() == {}


def test_after_an_approved_empty_board_a_reset_community_does_not_come_back_unseen(
    world: World,
) -> None:
    members = {f"m{i}": 1000 + i for i in range(40)}
    world.link(members)
    status_of(world, 0, dict.fromkeys(members.values(), 20000))
    assert status_of(world, 1, {}) == "quarantined"
    with world.database.transaction() as transaction:
        review_sync(
            transaction,
            int((NOON + QUARTER).timestamp()),
            "approve",
            reason="the admin emptied it",
            reviewed_by="test",
            now=NOON + QUARTER,
        )
    assert status_of(world, 2, {}) == "accepted"
    assert status_of(world, 3, dict.fromkeys(members.values(), 20)) == "quarantined"
    assert world.points() == {}


def test_three_of_four_members_cannot_be_zeroed_unseen(world: World) -> None:
    world.link({f"m{i}": 1000 + i for i in range(4)})
    figures = {1000 + i: 50_000 for i in range(4)}
    status_of(world, 0, figures)
    assert status_of(world, 1, dict.fromkeys(figures, 0) | {1003: 50_000}) == "quarantined"
    assert status_of(world, 2, figures | {1000: 40_000}) == "accepted"
    assert world.points() == {"m0": -100}


# --- a long board


def long_board(world: World, ahead: int = 200) -> None:
    """Ann and Bob behind so many strangers, five to a page."""
    strangers = {5_000 + i: 100_000 - i for i in range(ahead)}
    world.simulator.largest_page = 5
    world.simulator.board = board(strangers | {1001: 99_999, 1002: 99_998})


def test_one_member_off_the_board_does_not_make_every_sync_read_all_of_it(world: World) -> None:
    world.link(LINKED | {"zoe": 1003})
    long_board(world)
    slots = [0, 1, 23, 24, 25]
    pages = [
        world.run(MEE6_SYNC, NOON + slot * QUARTER)[SNAPSHOT].details["pages"] for slot in slots
    ]
    # Whole when she is first missing, and again six hours later.
    assert pages == [41, 10, 10, 41, 10]
    rows = world.query(
        "SELECT coalesce(is_present::text, 'unknown') AS is_present FROM community.whole_readings "
        "WHERE discord_id = 1003 ORDER BY sync_id"
    )["is_present"]
    assert rows.tolist() == ["false", "unknown", "unknown", "false", "unknown"]


def test_who_was_not_confirmed_is_neither_absent_nor_present_and_keeps_the_state(
    world: World,
) -> None:
    world.link(LINKED | {"zoe": 1003})
    world.simulator.largest_page = 5
    world.simulator.board = board(
        {5_000 + i: 100_000 - i for i in range(200)} | {1001: 99_999, 1002: 99_998, 1003: 50}
    )
    world.sync(NOON)
    long_board(world)
    world.sync(NOON + QUARTER)  # a whole reading: she is gone
    states = "SELECT is_present, xp, carry FROM community.xp_states WHERE discord_id = 1003"
    before = world.query(states).to_dict("records")
    result = world.sync(NOON + 2 * QUARTER)[SNAPSHOT]
    assert result.details["unconfirmed_members"] == 1
    assert result.details["absent_members"] == 0
    assert world.query(states).to_dict("records") == before == [
        {"is_present": False, "xp": 50, "carry": 0}
    ]  # fmt: skip
    # Found by chance on the pages that are read anyway, she counts at once.
    world.simulator.board = board({1003: 250} | {5_000 + i: 200 - i for i in range(150)})
    relink(world, ann=None, bob=None)
    world.sync(NOON + 3 * QUARTER)
    assert world.points() == {"zoe": 2}


def test_a_board_of_a_million_ends_after_the_pages_that_hold_the_others(world: World) -> None:
    world.link(LINKED | {"zoe": 1003})
    world.settings = world.settings.model_copy(update={"mee6_request_interval_seconds": 0.05})
    long_board(world, ahead=5_000)
    first = world.run(MEE6_SYNC, NOON)[SNAPSHOT]
    assert first.success
    assert (first.details["present_members"], first.details["unconfirmed_members"]) == (2, 1)
    second = world.run(MEE6_SYNC, NOON + QUARTER)[SNAPSHOT]
    assert (second.details["pages"], second.details["present_members"]) == (10, 2)


# --- meanwhile


def reading(world: World, meanwhile: Callable[[], object]) -> mock.Mock:
    """Stands for `read_leaderboard`: something happens while the board is read."""

    def read(*_: object, **__: object) -> Leaderboard:
        meanwhile()
        players = world.simulator.board.assign(
            level=pd.array([None] * len(world.simulator.board), dtype="Int64"),
            message_count=pd.array([None] * len(world.simulator.board), dtype="Int64"),
        )
        return Leaderboard(
            world.simulator.guild_id, players, 1.0, pages=1, requests=1, duplicates=0
        )

    return mock.patch.object(Mee6Client, "read_leaderboard", side_effect=read)


OPEN = (
    "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND (xact_start IS NOT NULL OR state LIKE 'idle in%')"
)


@pytest.mark.parametrize("dry_run", [False, True])
def test_no_transaction_is_open_while_the_board_is_read(world: World, dry_run: bool) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6})
    seen: list[int] = []
    with reading(world, lambda: seen.append(int(world.query(OPEN)["n"].iat[0]))):
        results = world.run(MEE6_SYNC, NOON, dry_run=dry_run)
    assert seen == [0]
    assert results[SNAPSHOT].details["present_members"] == 2


def test_two_syncs_at_once_read_once_and_store_once(world: World) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6})
    statuses: list[str] = []

    def sync() -> None:
        statuses.append(world.run(MEE6_SYNC, NOON)[SNAPSHOT].message)

    together = threading.Barrier(2)
    with reading(world, lambda: threading.Event().wait(1)) as read:
        threads = [threading.Thread(target=lambda: (together.wait(), sync())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert read.call_count == 1
    assert sorted("was read before" in message for message in statuses) == [False, True]


def test_a_connection_lost_while_the_board_is_read_costs_no_second_reading(world: World) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6})
    end_all = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with reading(world, lambda: world.query(end_all)) as read:
        results = world.run(MEE6_SYNC, NOON)
    assert read.call_count == 1
    assert results[SNAPSHOT].details["present_members"] == 2


def test_who_links_while_the_board_is_read_is_part_of_it(world: World) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6, 1003: 7})
    with reading(world, lambda: world.link({"zoe": 1003})):
        results = world.run(MEE6_SYNC, NOON)
    assert results[SNAPSHOT].details["present_members"] == 3


@pytest.mark.parametrize("fails", [True, False])
def test_a_preparation_that_is_over_leaves_no_lock_behind(world: World, *, fails: bool) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6})

    def end() -> None:
        if fails:
            raise RuntimeError

    options = Options(as_of=NOON, now=NOON, run_id="failing", executed_by="test")
    with world.database.connect() as kept:
        run = Run(
            world.database, kept, world.settings,
            MEE6_SYNC.name, MEE6_SYNC.tables, MEE6_SYNC.days, options,
        )  # fmt: skip
        with reading(world, end), pytest.raises(RuntimeError) if fails else nullcontext():
            run.perform(MEE6_SYNC.steps[0])
        assert world.run(MEE6_SYNC, NOON)[SNAPSHOT].success


def test_odd_figures_cost_nobody_the_reading_and_are_counted(world: World) -> None:
    world.link(LINKED)
    world.simulator.board = board({1001: 5, 1002: 6}).assign(message_count="many")
    result = world.run(MEE6_SYNC, NOON)[SNAPSHOT]
    assert result.details["present_members"] == 2
    assert result.details["odd_values"] == 2
