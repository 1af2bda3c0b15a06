"""The files under sql/: every one is used, valid, and says what it is."""

import ast
import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from trc_pipelines.database.migrations import SHARED
from trc_pipelines.database.statements import SQL_FOLDER, load_statement
from trc_pipelines.settings import KNOWN_DOMAINS, PROJECT_ROOT
from trc_pipelines_tests.world import World

ANALYTICS = sorted(SQL_FOLDER.glob("analytics/*.sql"))
STATEMENTS = sorted(
    path
    for path in SQL_FOLDER.rglob("*.sql")
    if path.parent.name not in ("migrations", "app_relations", "ports", "analytics", "views")
    and "adapters" not in path.parts
    and not path.stem.startswith("check_")
)
COMMENTED = sorted(path for path in SQL_FOLDER.rglob("*.sql") if path.parent.name != "migrations")
CODE = "\n".join(path.read_text() for path in PROJECT_ROOT.glob("trc_pipelines/**/*.py"))


@pytest.mark.parametrize("path", ANALYTICS, ids=lambda path: path.stem)
def test_an_example_for_analysts_runs(world: World, path: Path) -> None:
    assert world.query(path.read_text()).empty


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_a_statement_is_used(path: Path) -> None:
    assert f'"{path.parent.name}/{path.stem}"' in CODE


def header_of(path: Path) -> list[str]:
    """Its comments before the statement."""
    lines = path.read_text().splitlines()
    return [line.removeprefix("--") for line in takewhile(lambda line: line[:2] == "--", lines)]


@pytest.mark.parametrize("path", COMMENTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_statement_begins_with_why(path: Path) -> None:
    assert re.match(r" (?!Staged:|No parameters)\S", next(iter(header_of(path)), ""))


@pytest.mark.parametrize("path", COMMENTED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_statement_names_the_staged_columns_it_reads(path: Path) -> None:
    _why, _, named = "".join(header_of(path)).partition(" Staged: ")
    staged = {
        table: set(re.findall(r"\w+", columns))
        for table, columns in re.findall(r"(staged_\w+)\(([^)]+)\)", named)
    }
    statement = re.sub(r"--.*", "", path.read_text())
    assert set(re.findall(r"\bstaged_\w+", statement)) == staged.keys()
    for table, alias in re.findall(r"\b(staged_\w+) AS (\w+)", statement):
        assert set(re.findall(rf"\b{alias}\.(\w+)", statement)) <= staged[table]


def test_parameters_have_names() -> None:
    numbered = [
        path.name
        for path in SQL_FOLDER.rglob("*.sql")
        if path.parent.name != "migrations" and re.search(r"\$\d", path.read_text())
    ]
    assert not numbered


def calls() -> Iterator[tuple[str, str, set[str | None]]]:
    """Where a statement is named in a call, the statement, and the parameters given."""
    folders = "|".join(sorted({path.parent.name for path in STATEMENTS}))
    for folder in ("trc_pipelines", "trc_pipelines_tests", "bench"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(ast.Attribute(attr=method), [ast.Constant(str(name)), *_]) if (
                        method in ("execute", "read", "read_rows", "read_row", "read_value")
                        and re.fullmatch(rf"({folders})/\w+", name)
                    ):
                        given = {keyword.arg for keyword in node.keywords}
                        yield f"{path.name}:{node.lineno}", name, given


def test_calls_give_what_their_statements_take() -> None:
    wrong = [
        f"{where}: {name}"
        for where, name, given in calls()
        if None not in given and given != set(load_statement(name).parameters)
    ]
    assert not wrong


def test_tables_and_columns_are_described(world: World) -> None:
    bare = world.query(
        f"""
        SELECT c.oid::regclass::text AS relation, a.attname
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace::regnamespace::text
            IN {(*SHARED, *KNOWN_DOMAINS)}
          AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
          AND col_description(c.oid, a.attnum) IS NULL
        """
    )
    assert bare.empty, bare.to_string()
