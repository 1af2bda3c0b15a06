"""What was written stays written, whoever asks; and the catalogue says that it will."""

import re
from datetime import timedelta

import pandas as pd
import pytest
import sqlalchemy.exc
from psycopg2.errorcodes import RESTRICT_VIOLATION

from trc_pipelines.database.migrations import SHARED
from trc_pipelines.database.statements import SQL_FOLDER
from trc_pipelines.settings import KNOWN_DOMAINS
from trc_pipelines_tests.catalogue import LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.faults.append_only import APPEND_ONLY, CHANGES
from trc_pipelines_tests.world import NOON, QUARTER, World

# A row of each table that the community does not fill.
ROWS = (
    "INSERT INTO reports.weekly_posts VALUES ('community', '2026-03-02', 1, now(), 'r')",
    "INSERT INTO community.erasures VALUES (gen_random_uuid(), '2026-03-04', 'asked', 'ab', '{cd}')",
    "INSERT INTO operations.cut_overs (domain, cut_over_at, run_id) VALUES ('quiz', '2026-03-04', 'r')",
    "INSERT INTO quiz.evaluated_days VALUES ('2026-03-04', 0, 1, 'r')",
    "INSERT INTO quiz.streak_evaluations VALUES "
    "(gen_random_uuid(), '2026-03-04', 'broken', 3, 0, '2026-03-01', 'r')",
    "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, effective_at, run_id) "
    "VALUES (gen_random_uuid(), 'opening', 5, 5, '2026-03-04', 'r')",
    "INSERT INTO betting.bankroll_weekly_history VALUES "
    "(gen_random_uuid(), '2026-03-02', 1, 2, 1, 0, 0, 0, 0, 0, NULL, 'r')",
    "INSERT INTO betting.reset_weeks VALUES ('2026-03-02', 1, 'r')",
    "INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id) "
    "VALUES (gen_random_uuid(), 'sharp', '2026-03-02', 'earned', '2026-03-04', 'r')",
    "INSERT INTO betting.game_corrections VALUES "
    "('g', 2, '24:20', '20:24', 1, -5, 'why', 'cli', '2026-03-04', 'r')",
    "INSERT INTO betting.bankroll_adjustments VALUES "
    "('key', gen_random_uuid(), 'deposit', 5, 'why', 'cli', '2026-03-04', 'r')",
    "INSERT INTO betting.badge_weeks VALUES ('2026-03-02', 1, 0, '2026-03-09', 'r')",
)
SCHEMAS = (*SHARED, *KNOWN_DOMAINS)


@pytest.fixture
def lived_in(world: World) -> World:
    """One entry from XP, one from the app."""
    world.link({"ann": 1001})
    world.sync(NOON, {1001: 1000})
    world.execute(
        "INSERT INTO community.point_transactions (member_id, action, points, created_at) "
        f"VALUES ('ann', 'intro_completed', 25, '{NOON}')"
    )
    world.sync(NOON + QUARTER, {1001: 1250})
    assert world.points() == {"ann": 27}
    world.sync(NOON + timedelta(days=7))
    world.run(LEADERBOARD_WEEKLY_RESET, NOON + timedelta(days=7))
    world.execute(";".join(ROWS))
    return world


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
def test_the_superuser_cannot_change_or_remove_a_row(lived_in: World, role: str) -> None:
    for table, column in APPEND_ONLY.items():
        before = lived_in.query(f"SELECT * FROM {table}")
        assert len(before)
        for change in CHANGES:
            with pytest.raises(
                sqlalchemy.exc.DBAPIError, match="its rows are kept as they are"
            ) as caught:
                lived_in.execute(
                    f"SET session_replication_role = {role}; "
                    + change.format(table=table, column=column)
                )
            assert caught.value.orig.pgcode == RESTRICT_VIOLATION
        pd.testing.assert_frame_equal(lived_in.query(f"SELECT * FROM {table}"), before)


def test_an_upsert_cannot_change_an_entry(lived_in: World) -> None:
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="its rows are kept as they are"):
        lived_in.execute(
            "INSERT INTO community.point_ledger (account_id, action, points, effective_at, effective_on, "
            "source_key, metadata, run_id) SELECT account_id, action, 1000, effective_at, effective_on, "
            "source_key, metadata, run_id FROM community.point_ledger WHERE sync_id IS NULL "
            "ON CONFLICT (source_key) DO UPDATE SET points = 1000"
        )


def test_balances_move_with_entries_even_with_triggers_switched_to_replica(lived_in: World) -> None:
    lived_in.execute(
        "SET session_replication_role = replica; "
        "INSERT INTO community.point_ledger (account_id, action, points, effective_at, effective_on, "
        "source_key, metadata, run_id) VALUES (1, 'admin_adjustment', -7, '2026-03-04 12:00Z', "
        "'2026-03-04', 'by hand', '{}', 'by hand')"
    )
    assert lived_in.points() == {"ann": 20}


def test_every_append_only_table_has_an_always_enabled_trigger_on_update_delete_and_truncate(
    world: World,
) -> None:
    """Bits of tgtype: 1 per row, 2 before, 8 delete, 16 update, 32 truncate."""
    guarded = world.query(
        "SELECT n.nspname || '.' || c.relname AS table_name FROM pg_trigger AS t "
        "INNER JOIN pg_class AS c ON t.tgrelid = c.oid "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        "INNER JOIN pg_proc AS p ON t.tgfoid = p.oid "
        "WHERE p.proname = 'refuse_change' AND t.tgenabled = 'A' AND t.tgqual IS NULL "
        "AND t.tgtype & 1 = 0 AND t.tgtype & 2 = 2 "
        "GROUP BY 1 HAVING bit_or(t.tgtype) & (8 | 16 | 32) = (8 | 16 | 32)"
    )
    said = world.query(
        "SELECT n.nspname || '.' || c.relname AS table_name FROM pg_class AS c "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid WHERE c.relkind IN ('r', 'p') "
        "AND obj_description(c.oid) ~* 'append-only|immutable'"
    )
    assert set(said["table_name"]) == set(APPEND_ONLY)
    assert set(guarded["table_name"]) == set(said["table_name"])


def test_every_trigger_of_ours_is_enabled_always(world: World) -> None:
    lax = world.query(
        "SELECT t.tgname FROM pg_trigger AS t INNER JOIN pg_class AS c ON t.tgrelid = c.oid "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        f"WHERE NOT t.tgisinternal AND n.nspname IN {SCHEMAS} AND t.tgenabled <> 'A'"
    )
    assert lax.empty


ALLOWED = {
    ("failed", "failed"), ("failed", "staged"), ("staged", "quarantined"), ("staged", "accepted"),
    ("quarantined", "accepted"), ("quarantined", "discarded"), ("accepted", "accepted"),
    ("discarded", "discarded"),
}  # fmt: skip
STATUSES = ["failed", "staged", "quarantined", "accepted", "discarded"]


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_a_sync_takes_only_the_steps_of_its_life(world: World, role: str) -> None:
    refused = set()
    for number, (old, new) in enumerate((a, b) for a in STATUSES for b in STATUSES):
        sync_id = 1772625600 + 900 * number
        world.execute(
            "INSERT INTO community.mee6_syncs "
            "(sync_id, synced_at, guild_id, status, started_at, finished_at, run_id) "
            f" VALUES ({sync_id}, to_timestamp({sync_id}), 1, '{old}', now(), now(), 'x')"
        )
        review = ", reviewed_at = now(), reviewed_by = 'cli', review_reason = 'looked at'"
        try:
            world.execute(
                f"SET session_replication_role = {role}; "
                f"UPDATE community.mee6_syncs SET status = '{new}' "
                f"{review if old == 'quarantined' else ''} WHERE sync_id = {sync_id}"
            )
        except sqlalchemy.exc.DBAPIError as error:
            assert "cannot go from" in str(error)  # noqa: PT017
            refused.add((old, new))
    everything = {(a, b) for a in STATUSES for b in STATUSES}
    assert everything - refused == ALLOWED


def test_every_constraint_and_index_has_a_name_that_says_what_it_is(world: World) -> None:
    """table_subject_kind. A name PostgreSQL had to make up itself ends in a number, or is cut short."""
    named = world.query(
        "SELECT c.relname AS table_name, k.conname AS name, k.contype::text AS kind "
        "FROM pg_constraint AS k INNER JOIN pg_class AS c ON k.conrelid = c.oid "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        f"WHERE n.nspname IN {SCHEMAS} AND NOT c.relispartition AND k.contype <> 'n' "
        "UNION ALL SELECT t.relname, c.relname, 'i' FROM pg_index AS i "
        "INNER JOIN pg_class AS c ON i.indexrelid = c.oid INNER JOIN pg_class AS t ON i.indrelid = t.oid "
        "INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        f"WHERE n.nspname IN {SCHEMAS} AND NOT t.relispartition "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.indexrelid)"
    )
    endings = {"p": "pkey", "u": "_key", "c": "_check", "f": "_fkey", "x": "_excl", "i": "_idx"}
    assert len(named) > 30
    odd = [
        row.name
        for row in named.itertuples()
        if not re.fullmatch(rf"{row.table_name}_[a-z0-9_]*{endings[row.kind]}", row.name)
        or len(row.name) > 60
    ]
    assert odd == []


def test_no_migration_leaves_the_naming_of_a_constraint_to_the_server() -> None:
    """The catalogue cannot tell a made-up name from the same name written down: the files can."""
    for path in sorted((SQL_FOLDER / "migrations").glob("*.sql")):
        text = re.sub(r"--[^\n]*|'(?:[^']|'')*'", "", path.read_text(encoding="utf-8"))
        for kind in re.finditer(
            r"\b(PRIMARY\s+KEY|UNIQUE(?!\s+INDEX)|REFERENCES(?!\s+(?:NEW|OLD)\s)|CHECK|EXCLUDE)\b",
            text,
        ):
            before = text[max(0, kind.start() - 90) : kind.start()]
            assert re.search(r"CONSTRAINT\s+\w+\s+(FOREIGN\s+KEY\s*\([^)]*\)\s*)?$", before), (
                f"{path.name}: {before[-50:]}{kind.group()}"
            )
