"""What the database refuses by itself, whatever the code above it has become."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pandas as pd
import psycopg2
import pytest
from psycopg2.errorcodes import LOCK_NOT_AVAILABLE, RESTRICT_VIOLATION

from trc_pipelines.monitoring.alerts import Alert, enqueue_alert
from trc_pipelines_tests.databases import engine_of
from trc_pipelines_tests.world import NOON, QUARTER, World

pytestmark = pytest.mark.either

ENTRY = {"user_id": "ann", "balance_after": 5, "effective_at": "2026-03-04", "run_id": "r"}
OPENING = ENTRY | {"kind": "opening", "amount": 5}
SETTLED = ENTRY | {"kind": "bet_settled", "amount": 5, "bet_id": "b", "game_id": "g"}
RESET = ENTRY | {"kind": "weekly_reset", "amount": 5, "week_start": "2026-03-02"}
DEPOSIT = ENTRY | {"kind": "deposit", "amount": 5, "source_key": "adjustment:1"}
DELTA = {"sync_id": int(NOON.timestamp()), "account_id": 1, "kind": "change", "is_flagged": False}
DELTA |= {"xp_total": 150, "xp_delta": 150, "carry_before": 0, "whole": 1, "carry_after": 50}
STATE = {"discord_id": 1, "member_id": "ann", "account_id": 1, "last_sync_id": 1, "is_linked": True}
STATE |= {"is_present": True, "is_never_present": False, "xp": 250, "baseline_xp": 100}
POINTS = {"account_id": 1, "action": "intro_completed", "effective_at": "2026-03-04T12:00:00Z"}
POINTS |= {"effective_on": "2026-03-04", "source_key": "k", "metadata": {}, "run_id": "r"}
DAY = {"member_id": "ann", "day": "2026-03-04", "is_active": True}
SUMS = {"contribution_points": 2, "adjustment_points": -1, "xp_gained": 0}
WEEK = {"user_id": "ann", "week_start": "2026-03-02", "run_id": "r"}
WEEK |= dict.fromkeys(("bets", "won", "lost", "push", "wagered"), 0)
CLOSED = {"domain": "quiz", "board": "weekly", "period": "W", "members": 0, "run_id": "r"}
SYNC = {"guild_id": 1, "status": "accepted", "run_id": "r", "sync_id": int(NOON.timestamp())}
SYNC |= dict.fromkeys(("synced_at", "started_at", "finished_at"), str(NOON))
RANKED = {"board": "global", "user_id": "ann", "ranked_at": "2026-03-04"}


@pytest.fixture
def cursor(world: World) -> Iterator[psycopg2.extensions.cursor]:
    """In a transaction that ends with the test."""
    with engine_of(world.database.url).connect() as connection:
        yield connection.connection.driver_connection.cursor()
        connection.rollback()


def insert(cursor: psycopg2.extensions.cursor, table: str, row: dict[str, object]) -> None:
    # Columns that are not named have their defaults.
    columns = ", ".join(row)
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} "
        f"FROM jsonb_populate_record(NULL::{table}, %s::jsonb)",
        [json.dumps(row)],
    )


@pytest.mark.parametrize(
    ("constraint", "table", "right", "wrong"),
    [
        ("xp_deltas_carry_check", "community.xp_deltas", None, DELTA | {"carry_after": 51}),
        (
            "xp_states_carry_check",
            "community.xp_states",
            STATE | {"whole_total": 1, "carry": 50},
            STATE | {"discord_id": 2, "whole_total": 1, "carry": 51},
        ),
        (
            "point_ledger_points_check",
            "community.point_ledger",
            POINTS | {"points": 1},
            POINTS | {"points": 0, "source_key": "another"},
        ),
        (
            "daily_points_sum_check",
            "community.daily_points",
            DAY | SUMS | {"discord_points": 1, "points": 2},
            DAY | SUMS | {"discord_points": 1, "points": 3, "member_id": "bob"},
        ),
        (
            "daily_streaks_range_check",
            "community.daily_streaks",
            DAY | {"current_streak": 3, "longest_streak": 3},
            DAY | {"current_streak": 3, "longest_streak": 2, "member_id": "bob"},
        ),
        (
            "mee6_syncs_posted_check",
            "community.mee6_syncs",
            None,
            SYNC | {"posted_at": str(NOON)},
        ),
        (
            "closed_periods_order_check",
            "leaderboards.closed_periods",
            CLOSED | {"period_start": "2026-03-02", "period_end": "2026-03-09"},
            CLOSED | {"period_start": "2026-03-09", "period_end": "2026-03-09"},
        ),
        (
            "leaderboard_rankings_unranked_check",
            "quiz.leaderboard_rankings",
            RANKED | {"rank": 1, "score": 5},
            RANKED | {"rank": 2, "score": 0, "user_id": "bob"},
        ),
        (
            "bankroll_ledger_balance_check",
            "betting.bankroll_ledger",
            OPENING | {"balance_after": 0},
            OPENING | {"balance_after": -1, "user_id": "bob"},
        ),
        (
            "bankroll_weekly_history_net_check",
            "betting.bankroll_weekly_history",
            WEEK | {"opening": 5, "net": 2, "adjustments": 1, "closing": 8},
            WEEK | {"opening": 5, "net": 2, "adjustments": 1, "closing": 7, "user_id": "bob"},
        ),
        ("bankroll_ledger_opening_idx", "betting.bankroll_ledger", OPENING, OPENING),
        ("bankroll_ledger_bet_idx", "betting.bankroll_ledger", SETTLED, SETTLED | {"amount": 6}),
        ("bankroll_ledger_reset_idx", "betting.bankroll_ledger", RESET, RESET | {"amount": 6}),
        ("bankroll_ledger_source_idx", "betting.bankroll_ledger", DEPOSIT, DEPOSIT | {"amount": 6}),
    ],
)
def test_a_row_that_breaks_a_promise_is_refused_by_its_name(
    cursor: psycopg2.extensions.cursor,
    constraint: str,
    table: str,
    right: dict[str, object] | None,
    wrong: dict[str, object],
) -> None:
    if right:
        insert(cursor, table, right)
    with pytest.raises(psycopg2.IntegrityError) as refused:
        insert(cursor, table, wrong)
    assert refused.value.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("community.xp_deltas", DELTA),
        ("community.point_ledger", POINTS | {"points": 1, "sync_id": DELTA["sync_id"]}),
    ],
)
def test_nothing_is_derived_from_a_reading_that_nobody_accepted(
    cursor: psycopg2.extensions.cursor, table: str, row: dict[str, object]
) -> None:
    with pytest.raises(psycopg2.Error, match="is not accepted") as refused:
        insert(cursor, table, row)
    assert refused.value.pgcode == RESTRICT_VIOLATION


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("community.point_ledger", POINTS | {"points": 1}),
        ("betting.bankroll_ledger", OPENING),
    ],
)
def test_a_ledger_has_one_writer_at_a_time_whoever_it_is(
    world: World, cursor: psycopg2.extensions.cursor, table: str, row: dict[str, object]
) -> None:
    insert(cursor, table, row)
    other = engine_of(world.database.url).connect()
    with closing(other), other.connection.driver_connection.cursor() as second:
        second.execute("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(psycopg2.Error) as refused:
            insert(
                second,
                table,
                row | {"user_id": "bob"} if "user_id" in row else row | {"source_key": "l"},
            )
        other.rollback()
    assert refused.value.pgcode == LOCK_NOT_AVAILABLE


def test_xp_of_a_period_that_was_closed_stays_as_it_was_counted(
    cursor: psycopg2.extensions.cursor,
) -> None:
    row = {"board": "weekly", "period_start": "2026-03-02", "member_id": "ann", "score": 5}
    insert(cursor, "quiz.counted_xp", row)
    with pytest.raises(psycopg2.Error) as refused:
        cursor.execute("UPDATE quiz.counted_xp SET score = 6")
    assert refused.value.pgcode == RESTRICT_VIOLATION


QUARANTINED = SYNC | {"status": "quarantined"}
WRITTEN_DOWN = "reviewed_at = now(), reviewed_by = 'eve', review_reason = 'seen'"


@pytest.mark.parametrize("status", ["accepted", "discarded"])
def test_no_reading_leaves_quarantine_without_a_reason(
    cursor: psycopg2.extensions.cursor, status: str
) -> None:
    insert(cursor, "community.mee6_syncs", QUARANTINED)
    with pytest.raises(psycopg2.Error, match="leaves quarantine only with a reason"):
        cursor.execute("UPDATE community.mee6_syncs SET status = %s", [status])


def test_no_reading_is_accepted_once_a_newer_one_was(cursor: psycopg2.extensions.cursor) -> None:
    later = NOON + QUARTER
    insert(cursor, "community.mee6_syncs", QUARANTINED)
    newer = SYNC | {"sync_id": int(later.timestamp()), "synced_at": str(later)}
    insert(cursor, "community.mee6_syncs", newer)
    with pytest.raises(psycopg2.Error, match="a newer one has been"):
        cursor.execute(
            f"UPDATE community.mee6_syncs SET status = 'accepted', {WRITTEN_DOWN} "
            "WHERE status = 'quarantined'"
        )


def test_an_alert_that_is_queued_again_is_there_once(world: World) -> None:
    alert = Alert("key", "error", "title", "body")
    with world.database.transaction() as transaction:
        enqueue_alert(transaction, alert, NOON)
        enqueue_alert(transaction, alert, NOON)
    assert len(world.query("SELECT * FROM operations.alerts")) == 1


def test_a_notification_is_written_once_for_its_key(cursor: psycopg2.extensions.cursor) -> None:
    user = "11111111-1111-1111-1111-111111111111"
    notify = f"""
    SELECT user_id, dedupe_key FROM betting.notify(
        ARRAY[ROW('{user}', 'bet_won', '{{}}', 'bet:1')::betting.notification], now()
    )"""
    cursor.execute(notify)
    assert cursor.fetchall() == [(user, "bet:1")]
    cursor.execute(notify)
    assert cursor.fetchall() == []


def test_an_award_that_is_in_the_ledger_already_adds_nothing(world: World) -> None:
    award = POINTS | {"points": 5, "sync_id": None, "metadata": "{}"}
    entries = pd.DataFrame([award]).drop(columns="run_id")
    entries["effective_at"] = pd.to_datetime(entries["effective_at"])
    entries["effective_on"] = pd.to_datetime(entries["effective_on"])
    entries["sync_id"] = entries["sync_id"].astype("Int64")
    with world.database.transaction() as transaction:
        transaction.stage("staged_entries", entries)
        for posted in (1, 0):
            row = transaction.read_row("community/insert_entries", run_id="r")
            assert row is not None
            assert row["entries"] == posted


def test_a_day_whose_last_hour_is_read_at_last_has_its_streaks_computed_again(
    cursor: psycopg2.extensions.cursor,
) -> None:
    cursor.execute(
        "INSERT INTO community.days (day, streaks_at, is_streaks_stale, is_streaks_due_for_all) "
        "SELECT d, now(), FALSE, FALSE FROM generate_series(date '2026-03-03', '2026-03-05', '1 day') AS d"
    )
    late = NOON + timedelta(hours=11, minutes=30)
    reading = QUARANTINED | {"sync_id": int(late.timestamp()), "synced_at": str(late)}
    insert(cursor, "community.mee6_syncs", reading)
    cursor.execute(f"UPDATE community.mee6_syncs SET status = 'accepted', {WRITTEN_DOWN}")
    cursor.execute(
        "SELECT is_streaks_stale AND is_streaks_due_for_all FROM community.days ORDER BY day"
    )
    assert cursor.fetchall() == [(False,), (True,), (True,)]
