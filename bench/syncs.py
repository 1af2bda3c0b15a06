"""Syncs: against their raw parts, repeated, through a day, and after a year."""

from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

import adbc_driver_postgresql.dbapi as adbc
import pandas as pd
import pyarrow as pa

from bench.community import QUARTER, Community, accepted_syncs, new_community, run_job, sync_board
from bench.measure import Cost, Figure, add_up, show_progress
from bench.server import Server, execute, scalar
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.rules.snapshots import build_snapshot

ACTIVE_SHARE = 0.05
SYNCS_OF_A_DAY = 90
FIRST_SYNC = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def measure_sync(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure a sync, and the same slot again.

    The raw parts are one binary COPY of a whole reading into a table without index, and one read of
    what is known of the accounts from a table that holds just that. The aims are those of a million
    members. Of fewer, what a sync costs whatever their number (connecting, thirty statements) is more of
    it: what they are held to there is what was reached and a tenth, so that worse is noticed.
    """
    is_full = size == 1_000_000
    syncs, raws, repeats = [], [], []
    with new_community(server, size) as community:
        show_progress(f"sync of {size:,} members")
        sync_board(community.url, community.board(), FIRST_SYNC)
        execute(
            community.url,
            "CREATE TABLE bare_state AS SELECT s.discord_id, s.member_id, s.xp AS last_xp, "
            "s.is_present FROM community.xp_states AS s",
            "CREATE TABLE bare_snapshot AS TABLE community.mee6_leaderboard_snapshot WITH NO DATA",
        )
        community.settle()
        for number in range(1, repetitions + 1):
            community.gain_xp(ACTIVE_SHARE)
            board, as_of = community.board(), FIRST_SYNC + number * QUARTER
            raws.append(_cost_of_raw_parts(server, community, board.players))
            execute(community.url, "CHECKPOINT")
            syncs.append(server.cost_of(sync_board, community.url, board, as_of))
            repeats.append(server.cost_of(run_job, community.url, MEE6_SYNC, as_of))
        server.keep_digests(community.url)
    yield Figure(
        f"sync of {size:,} members, {ACTIVE_SHARE:.0%} active",
        [sync.wall for sync in syncs],
        "s",
        2.5 if is_full else None,
        costs=syncs,
    )
    yield Figure(
        f"the same against its raw parts, {size:,} members",
        [sync.wall / raw.wall for sync, raw in zip(syncs, raws, strict=True)],
        "×",
        2.2 if is_full else 2.65,
        note=f"these take {median(raw.wall for raw in raws):.2f} s",
    )
    yield Figure(
        f"the same slot again, against that sync, {size:,} members",
        [again.wall / sync.wall for again, sync in zip(repeats, syncs, strict=True)],
        "%",
        0.10 if is_full else None,
    )
    yield Figure(
        f"the same slot again, {size:,} members",
        [again.wall for again in repeats],
        "s",
        # A connection and forty statements, whatever the size.
        0.06,
        costs=repeats,
    )


def measure_full_day(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure the last syncs of a day against its first ones; a fifth of the members are active in it."""
    ratios, ends, kept = [], [], []
    midnight = FIRST_SYNC.replace(hour=0)
    for _ in range(repetitions):
        costs = []
        with new_community(server, size) as community:
            show_progress(f"{SYNCS_OF_A_DAY} syncs of one day, {size:,} members")
            sync_board(community.url, community.board(), midnight)
            community.settle()
            for number in range(1, SYNCS_OF_A_DAY + 1):
                community.gain_xp(ACTIVE_SHARE, among=size // 5)
                board, as_of = community.board(), midnight + number * QUARTER
                costs.append(server.cost_of(sync_board, community.url, board, as_of))
            kept.append(
                scalar(
                    community.url,
                    "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits "
                    "WHERE inhparent = 'community.mee6_leaderboard_snapshot'::regclass",
                )
            )
            server.keep_digests(community.url)
        ends.append(_mean(costs[-5:]))
        ratios.append(ends[-1].cpu / _mean(costs[:5]).cpu)
    yield Figure(
        f"syncs 86 to 90 of a day against its first five (cpu), {size:,} members",
        ratios,
        "×",
        1.1,
        costs=ends,
        note="the seconds are those of one of the last five",
    )
    yield Figure(
        f"a day of readings on disk, per member of {size:,}",
        [size_on_disk / size / 1000 for size_on_disk in kept],
        "kB",
        1,
    )


def _mean(costs: list[Cost]) -> Cost:
    total, n = add_up(costs), len(costs)
    return Cost(total.wall / n, total.client / n, total.server / n)


def _cost_of_raw_parts(server: Server, community: Community, players: pd.DataFrame) -> Cost:
    accounts = pd.DataFrame(
        {
            "discord_id": community.discord_ids,
            "member_id": community.member_ids,
            "is_contested": False,
        }
    )
    snapshot = build_snapshot(accounts, players, 0, is_complete=True)
    rows = pa.Table.from_pandas(snapshot, preserve_index=False).replace_schema_metadata(None)
    execute(community.url, "TRUNCATE bare_snapshot", "CHECKPOINT")

    def write_and_read() -> None:
        with adbc.connect(community.url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT discord_id, member_id, last_xp, is_present FROM bare_state")
            cursor.fetch_arrow_table()
            cursor.adbc_ingest("bare_snapshot", rows, mode="append")
            connection.commit()

    return server.cost_of(write_and_read)


def measure_history(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure the same sync on the first day of a community and after a year of history, in turn."""
    ratios, costs = [], []
    with new_community(server, size) as fresh, new_community(server, size) as old:
        show_progress(f"a year of history for {size:,} members")
        sync_board(fresh.url, fresh.board(), FIRST_SYNC)
        sync_board(old.url, old.board(), FIRST_SYNC)
        rows = _add_year(old)
        fresh.settle()
        old.settle()
        begin = FIRST_SYNC.replace(year=FIRST_SYNC.year + 1)
        for community in (fresh, old):  # the first sync of the day, which is kept whole
            sync_board(community.url, community.board(), begin)
        for number in range(1, repetitions + 1):
            pair = []
            for community in (fresh, old):
                community.gain_xp(ACTIVE_SHARE)
                board, as_of = community.board(), begin + number * QUARTER
                execute(community.url, "CHECKPOINT")
                pair.append(server.cost_of(sync_board, community.url, board, as_of))
            costs.append(pair[1])
            ratios.append(pair[1].wall / pair[0].wall)
        server.keep_digests(old.url)
    yield Figure(
        f"sync after a year against one on the first day, {size:,} members",
        ratios,
        "×",
        1.1,
        costs=costs,
        note=f"the year: {rows:,} rows each of xp_deltas, point_ledger and daily_points",
    )


def _add_year(community: Community) -> int:
    """Have another tenth of the members gain 100 XP at noon of every day of a year."""
    url = community.url
    execute(
        url,
        accepted_syncs(
            f"SELECT generate_series('{FIRST_SYNC}'::timestamptz + interval '1 day',"
            f" '{FIRST_SYNC}'::timestamptz + interval '364 days', interval '1 day')"
        ),
        f"""INSERT INTO community.xp_deltas
        SELECT y.sync_id, s.account_id, 'change', FALSE,
            s.baseline_xp + 100 * row_number() OVER (PARTITION BY s.discord_id ORDER BY y.sync_id),
            100, s.baseline_xp, 0, 1, 0
        FROM community.mee6_syncs AS y
        INNER JOIN community.xp_states AS s ON (hashint8(s.discord_id) + y.sync_id / 86400) % 10 = 0
        WHERE y.sync_id > {FIRST_SYNC.timestamp():.0f}
        ORDER BY y.sync_id, s.discord_id""",
        """INSERT INTO community.point_ledger (account_id, action, points, effective_at,
            effective_on, source_key, sync_id, metadata, run_id)
        SELECT d.account_id, 'discord_activity', 1, y.synced_at, y.synced_at::date,
            'discord_activity:' || d.sync_id || ':' || d.account_id, d.sync_id,
            '{"xp_delta": 100}', 'bench'
        FROM community.xp_deltas AS d INNER JOIN community.mee6_syncs AS y USING (sync_id)
        WHERE d.kind = 'change'""",
        """INSERT INTO community.daily_points
        SELECT l.member_id, l.effective_on, 1, 0, 0, 1, 100, TRUE, l.effective_at
        FROM community.member_entries AS l""",
        "INSERT INTO community.days SELECT DISTINCT day FROM community.daily_points"
        " ON CONFLICT DO NOTHING",
        """UPDATE community.xp_states AS s
        SET xp = d.xp, whole_total = d.wholes, last_sync_id = d.sync_id
        FROM (
            SELECT account_id, max(xp_total) AS xp, sum(whole) AS wholes, max(sync_id) AS sync_id
            FROM community.xp_deltas WHERE kind = 'change' GROUP BY account_id
        ) AS d
        WHERE s.account_id = d.account_id""",
    )
    with community.database.transaction() as transaction:
        states = transaction.read("community/select_xp_states").set_index("discord_id")
    community.xp = states["xp"].reindex(community.discord_ids).to_numpy(dtype="int64")
    return scalar(url, "SELECT count(*) FROM community.daily_points")
