"""A quarantined sync moves nothing until a person decides, and then exactly what was decided."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy.exc

from trc_pipelines.community.jobs import DAILY_STREAKS, MEE6_SYNC
from trc_pipelines.community.reviews import compare_snapshot, list_syncs, review_sync
from trc_pipelines.jobs.contract import JobError
from trc_pipelines_tests.catalogue import CHECKS
from trc_pipelines_tests.world import NOON, QUARTER, World

# What is tested are decisions of people.
pytestmark = pytest.mark.either

LINKED = {f"m{i}": 1000 + i for i in range(10)}
BEFORE = dict.fromkeys(LINKED.values(), 1000)
AFTER = dict.fromkeys(LINKED.values(), 1150)
RESET = dict.fromkeys(LINKED.values(), 0)
HALF = dict.fromkeys(list(LINKED.values())[:5], 1150)
SYNC_ID = int((NOON + 2 * QUARTER).timestamp())
DERIVED = [
    "xp_deltas", "xp_states", "point_ledger", "member_points", "daily_points", "daily_streaks",
]  # fmt: skip


@pytest.fixture
def running(world: World) -> World:
    """Ten members with a point each and 50 XP carried."""
    world.link(LINKED)
    world.sync(NOON, BEFORE)
    world.sync(NOON + QUARTER, AFTER)
    return world


def derived(world: World) -> list[list[tuple]]:
    return [
        sorted(world.query(f"SELECT * FROM community.{table}").astype(str).itertuples(index=False))
        for table in DERIVED
    ]


def decide(world: World, decision: str, sync_id: int = SYNC_ID, reason: str = "seen") -> str:
    with world.database.transaction() as transaction:
        return review_sync(
            transaction, sync_id, decision, reason=reason, reviewed_by="cli", now=NOON
        )


def assert_sound(world: World) -> None:
    with world.database.transaction() as transaction:
        for check in CHECKS:
            assert check.find_violations(transaction).empty, check.name


@pytest.mark.parametrize("board", [RESET, HALF, {}], ids=["reset", "half", "nobody"])
def test_a_collapsed_board_leaves_ledger_and_streaks_untouched(
    running: World, board: dict[int, int]
) -> None:
    running.run(DAILY_STREAKS, NOON, days=(NOON.date(), NOON.date()))
    before = derived(running)
    results = running.sync(NOON + 2 * QUARTER, board)
    assert not results["community.mee6_leaderboard_snapshot"].success
    running.run(DAILY_STREAKS, NOON, days=(NOON.date(), NOON.date()))
    assert derived(running) == before
    # The next good reading catches up, as if the bad one had never been.
    running.sync(NOON + 3 * QUARTER, dict.fromkeys(LINKED.values(), 1250))
    assert running.points() == dict.fromkeys(LINKED, 2)
    assert_sound(running)


def test_a_quarantine_raises_one_alert_however_long_it_lasts(running: World) -> None:
    for slot in range(2, 6):
        running.sync(NOON + slot * QUARTER, RESET)
    alerts = running.query("SELECT title, is_for_people FROM operations.alerts")
    assert alerts.to_dict("records") == [{"title": "mee6_sync quarantined", "is_for_people": True}]


def test_a_rehearsed_quarantine_raises_none(running: World) -> None:
    running.simulator.board = running.simulator.board.assign(xp=0)
    running.run(MEE6_SYNC, NOON + 2 * QUARTER, dry_run=True)
    assert running.query("SELECT * FROM operations.alerts").empty


def test_approved_it_is_believed(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    assert "approved" in decide(running, "approve", reason="MEE6 was reset on purpose")
    running.sync(NOON + 3 * QUARTER, dict.fromkeys(LINKED.values(), 200))
    # 1150 → 0 takes 11 back of 1 paid; then 200 XP less the carry pay 2.
    assert running.points() == dict.fromkeys(LINKED, 1 - 11 + 2)
    assert_sound(running)


def test_rebaselined_it_pays_and_takes_nothing_and_counts_from_there(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    decide(running, "rebaseline")
    running.sync(NOON + 3 * QUARTER, dict.fromkeys(LINKED.values(), 90))
    assert running.points() == dict.fromkeys(LINKED, 1)
    running.sync(NOON + 4 * QUARTER, dict.fromkeys(LINKED.values(), 210))
    assert running.points() == dict.fromkeys(LINKED, 3)
    assert_sound(running)


def test_who_was_missing_from_a_new_baseline_begins_anew_on_return(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, HALF)
    decide(running, "rebaseline")
    back = {account: 1250 if account in HALF else 700 for account in LINKED.values()}
    running.sync(NOON + 3 * QUARTER, back)
    running.sync(NOON + 4 * QUARTER, {account: xp + 100 for account, xp in back.items()})
    # Half were there at 1150; the others begin at 700, though they had 1150 before.
    assert running.points() == {
        member: 1 + (2 if account in HALF else 1) for member, account in LINKED.items()
    }
    assert_sound(running)


def test_discarded_nothing_comes_of_it(running: World) -> None:
    before = derived(running)
    running.sync(NOON + 2 * QUARTER, RESET)
    decide(running, "discard")
    running.sync(NOON + 3 * QUARTER, AFTER)
    assert derived(running) == before
    assert_sound(running)


@pytest.mark.parametrize("decision", ["approve", "rebaseline", "discard"])
def test_a_decision_is_final_and_names_its_reason(running: World, decision: str) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    decide(running, decision, reason="  a purge  ")
    for other in ("approve", "rebaseline", "discard"):
        with pytest.raises(JobError, match=r"\(a purge\); only a quarantined one waits"):
            decide(running, other)
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        running.execute(
            "UPDATE community.mee6_syncs SET review_reason = 'another', is_rebaseline = FALSE "
            f"WHERE sync_id = {SYNC_ID} AND status = 'accepted'; "
            f"UPDATE community.mee6_syncs SET status = 'quarantined' WHERE sync_id = {SYNC_ID}"
        )
    with running.database.transaction() as transaction:
        listed = list_syncs(transaction)
    assert listed[["sync_id", "review_reason"]].to_dict("records") == [
        {"sync_id": SYNC_ID, "review_reason": "a purge"}
    ]


@pytest.mark.parametrize("reason", ["", "   ", "\n\t"])
def test_a_decision_without_a_reason_is_refused(running: World, reason: str) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    with pytest.raises(JobError, match="needs a reason"):
        decide(running, "approve", reason=reason)
    with pytest.raises(sqlalchemy.exc.DBAPIError):
        running.execute(
            "UPDATE community.mee6_syncs SET status = 'accepted' WHERE status = 'quarantined'"
        )


def test_what_was_superseded_can_only_be_discarded(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    running.sync(NOON + 3 * QUARTER, AFTER)
    with pytest.raises(JobError, match="is newer and was accepted since"):
        decide(running, "approve")
    with pytest.raises(JobError, match="is newer and was accepted since"):
        decide(running, "rebaseline")
    decide(running, "discard")


def test_of_two_decisions_at_once_the_second_sees_the_first(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    running.sync(NOON + 3 * QUARTER, dict.fromkeys(LINKED.values(), 10))
    refusals: list[str] = []

    def decide_about_the_older() -> None:
        try:
            decide(running, "approve")
        except JobError as error:
            refusals.append(str(error))

    with running.database.transaction() as transaction:
        newer = SYNC_ID + int(QUARTER.total_seconds())
        review_sync(transaction, newer, "approve", reason="seen", reviewed_by="cli", now=NOON)
        second = threading.Thread(target=decide_about_the_older)
        second.start()
        second.join(1)
        assert second.is_alive()
    second.join()
    assert "is newer and was accepted since" in refusals[0]
    running.sync(NOON + 4 * QUARTER)
    assert running.points() == dict.fromkeys(LINKED, -9)
    assert_sound(running)


def test_what_does_not_wait_cannot_be_decided(running: World) -> None:
    with pytest.raises(JobError, match="there is no sync 7; trc snapshots list"):
        decide(running, "approve", sync_id=7)
    with pytest.raises(JobError, match="is accepted; only a quarantined one"):
        decide(running, "discard", sync_id=int(NOON.timestamp()))


def test_the_evidence_names_who_is_missing_first(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, {**HALF, 1000: 10})
    with running.database.transaction() as transaction:
        rows = compare_snapshot(transaction, SYNC_ID, 6)
    assert rows["member_id"].tolist() == ["m5", "m6", "m7", "m8", "m9", "m0"]
    assert rows["xp_read"].isna().tolist() == [True] * 5 + [False]
    assert rows["difference"].iloc[5] == -1140


def test_a_waiting_reading_is_not_purged(running: World) -> None:
    running.sync(NOON + 2 * QUARTER, RESET)
    later = (NOON + timedelta(days=60)).date()
    kept = running.query(f"SELECT community.drop_snapshot_partitions('{later}') AS dropped")
    assert kept["dropped"].tolist() == [0]
    decide(running, "discard")
    # The function drops when its transaction commits.
    running.execute(f"SELECT community.drop_snapshot_partitions('{later}')")
    assert running.query("SELECT * FROM community.mee6_leaderboard_snapshot").empty
