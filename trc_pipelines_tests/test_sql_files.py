"""The files under sql/: every one is used, valid, and says what it is."""

from pathlib import Path

import pytest

from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.world import World

SQL = PROJECT_ROOT / "sql"
ANALYTICS = sorted(SQL.glob("analytics/*.sql"))
STATEMENTS = sorted(
    path
    for path in SQL.rglob("*.sql")
    if path.parent.name not in ("migrations", "analytics") and not path.stem.startswith("check_")
)
CODE = "\n".join(path.read_text() for path in PROJECT_ROOT.glob("trc_pipelines/**/*.py"))


@pytest.mark.parametrize("path", ANALYTICS, ids=lambda path: path.stem)
def test_an_example_for_analysts_runs(world: World, path: Path) -> None:
    assert world.query(path.read_text()).empty


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_a_statement_is_used(path: Path) -> None:
    assert f'"{path.parent.name}/{path.stem}"' in CODE


def test_tables_and_columns_are_described(world: World) -> None:
    bare = world.query(
        """
        SELECT c.oid::regclass::text AS relation, a.attname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace::regnamespace::text
            IN ('betting', 'community', 'leaderboards', 'operations', 'quiz')
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND col_description(c.oid, a.attnum) IS NULL
        """
    )
    assert bare.empty, bare.to_string()
