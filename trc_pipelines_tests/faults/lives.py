"""What happens in apps while jobs are killed, and what of their tables two worlds must have in common."""

from collections import Counter
from collections.abc import Collection

from trc_pipelines_tests.world import World

# When and by which run something was done, and numbers of which a run that is rolled back leaves out some.
BY_THE_RUN = [
    "run_id", "recorded_at", "finished_at", "evaluated_at", "computed_at", "closed_at", "entry_id",
    "history_id", "batch_id", "event_id", "transaction_id", "first_entry_id", "last_entry_id",
    "corrects_entry_id", "digest",
]  # fmt: skip
ROW = f"to_jsonb(t) - '{{{','.join(BY_THE_RUN)}}}'::text[]"
ROWS = {
    # Its key is drawn at random.
    "betting.notifications": f"{ROW} - 'id'",
}
TABLES = """\
SELECT c.oid::regclass::text FROM pg_class AS c
WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ({schemas}) ORDER BY 1"""


def tables_of(world: World, *schemas: str) -> list[str]:
    """Every table of the schemas."""
    names = ", ".join(f"'{schema}'" for schema in schemas)
    return list(world.query(TABLES.format(schemas=names)).iloc[:, 0])


def fingerprints_of(world: World, tables: Collection[str]) -> dict[str, str]:
    """What is in each table, in a number."""
    numbers = ", ".join(
        f"(SELECT count(*) || ' ' || coalesce(sum(hashtextextended(({ROWS.get(table, ROW)})::text, 0)), 0) "
        f'FROM {table} AS t) AS "{table}"'
        for table in tables
    )
    return dict(world.query(f"SELECT {numbers}").iloc[0])


def find_differences(
    one: World, other: World, tables: Collection[str]
) -> dict[str, tuple[list[str], list[str]]]:
    """Rows that only one has, and those that only the other has, by table; of most tables there is none."""
    mine, theirs = fingerprints_of(one, tables), fingerprints_of(other, tables)
    found = {}
    for table in tables:
        if mine[table] != theirs[table]:
            rows = f"SELECT ({ROWS.get(table, ROW)})::text FROM {table} AS t"
            here, there = (Counter(world.query(rows).iloc[:, 0]) for world in (one, other))
            found[table] = list((here - there).elements()), list((there - here).elements())
    return found
