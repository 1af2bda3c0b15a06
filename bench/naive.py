"""The same sync row by row, as one would write it without thinking of sets."""

import time
from collections.abc import Iterator

import psycopg2

from bench.community import Community, new_community
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from bench.syncs import ACTIVE_SHARE, measure_sync

LONGEST_SECONDS = 180
WHAT_IT_DOES = (
    "for each member, in a transaction of its own: select the last activity, insert the new one; "
    "where XP was gained, also look for the point transaction, insert it, update the member's "
    "points; every look-up has its index"
)
TABLES = (
    "CREATE TABLE naive_members (member_id text PRIMARY KEY, points bigint NOT NULL)",
    "CREATE TABLE naive_activity (activity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " member_id text NOT NULL, synced_at timestamptz NOT NULL DEFAULT now(),"
    " xp_total bigint NOT NULL, xp_delta bigint NOT NULL)",
    "CREATE INDEX naive_activity_last_idx ON naive_activity (member_id, activity_id)",
    "CREATE TABLE naive_transactions (source_key text PRIMARY KEY, member_id text NOT NULL,"
    " points bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now())",
)


def measure_naive(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure how many times longer a loop over members takes than our sync of as many.

    The loop is stopped when it takes too long, and what it has done by then is scaled up.
    """
    our_seconds = next(measure_sync(server, size, repetitions)).median
    with new_community(server, size) as community:
        show_progress(f"row by row, {size:,} members")
        _create_tables(community)
        community.gain_xp(ACTIVE_SHARE)
        community.settle()
        done, seconds = _loop(community)
    estimate = seconds / done * size
    extent = "measured in full" if done == size else f"measured on {done:,} members, scaled up"
    yield Figure(
        f"row by row against our sync, {size:,} members",
        [estimate / our_seconds],
        "×",
        note=f"{estimate:.1f} s ({extent}) against {our_seconds:.2f} s; {WHAT_IT_DOES}",
    )


def _create_tables(community: Community) -> None:
    execute(community.url, *TABLES)
    with community.database.transaction() as transaction:
        members = community.member_ids.to_frame("member_id")
        transaction.append("public.naive_members", members.assign(points=0))
        transaction.append(
            "public.naive_activity", members.assign(xp_total=community.xp, xp_delta=0)
        )


def _loop(community: Community) -> tuple[int, float]:
    """Return the members done, and the time that took."""
    started = time.perf_counter()
    done, seconds = 0, 0.0
    connection = psycopg2.connect(community.url)
    with connection.cursor() as cursor:
        for member_id, xp in zip(community.member_ids, community.xp.tolist(), strict=True):
            _sync_member(cursor, member_id, xp)
            connection.commit()
            done, seconds = done + 1, time.perf_counter() - started
            if seconds > LONGEST_SECONDS:
                break
    connection.close()
    return done, seconds


def _sync_member(cursor: psycopg2.extensions.cursor, member_id: str, xp: int) -> None:
    cursor.execute(
        "SELECT xp_total FROM naive_activity WHERE member_id = %s"
        " ORDER BY activity_id DESC LIMIT 1",
        (member_id,),
    )
    delta = xp - cursor.fetchone()[0]
    cursor.execute(
        "INSERT INTO naive_activity (member_id, xp_total, xp_delta) VALUES (%s, %s, %s)",
        (member_id, xp, delta),
    )
    points = delta // 100
    if not points:
        return
    key = f"discord_activity:1:{member_id}"
    cursor.execute("SELECT 1 FROM naive_transactions WHERE source_key = %s", (key,))
    if cursor.fetchone():
        return
    cursor.execute(
        "INSERT INTO naive_transactions (source_key, member_id, points) VALUES (%s, %s, %s)",
        (key, member_id, points),
    )
    cursor.execute(
        "UPDATE naive_members SET points = points + %s WHERE member_id = %s", (points, member_id)
    )
