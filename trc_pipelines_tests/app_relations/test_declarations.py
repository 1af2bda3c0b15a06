"""Declarations are what the database is made of, and what the jobs use."""

import re

import pytest

from trc_pipelines.database.statements import SQL_FOLDER
from trc_pipelines.domains import Catalogue, load_domains
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

CATALOGUE = Catalogue(load_domains())
RELATIONS = {relation.table: relation for relation in CATALOGUE.app_relations}


def test_tables_of_ours_are_as_declared(world: World) -> None:
    found = world.query(
        "SELECT a.attrelid::regclass::text AS table, a.attname AS name, "
        "format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS is_nullable, "
        "col_description(a.attrelid, a.attnum) AS meaning "
        "FROM pg_attribute AS a WHERE a.attnum > 0 AND NOT a.attisdropped "
        f"AND a.attrelid = ANY(ARRAY[{', '.join(map(repr, RELATIONS))}]::regclass[]) "
        "ORDER BY a.attrelid::regclass::text, a.attnum"
    )
    declared = [
        (table, column.name, column.plain_type, column.is_nullable, column.meaning)
        for table, relation in sorted(RELATIONS.items())
        for column in relation.columns
    ]
    rows = found.replace({"type": {"timestamp with time zone": "timestamptz"}})
    assert [tuple(row) for row in rows.itertuples(index=False)] == declared


def test_the_database_knows_every_declared_relation(world: World) -> None:
    named = world.query(
        "SELECT schema_name || '.' || relation_name AS name FROM operations.app_relations"
    )
    assert set(named["name"]) == set(RELATIONS)


@pytest.mark.parametrize("table", RELATIONS)
def test_a_job_uses_what_is_said_to_be_needed(table: str) -> None:
    """By the columns' names in statements that name the table: more than PostgreSQL would find."""
    others = {"migrations", "app_relations", "adapters", "demo", "analytics", "views"}
    statements = [
        text
        for path in SQL_FOLDER.rglob("*.sql")
        if others.isdisjoint(path.relative_to(SQL_FOLDER).parts)
        for text in [re.sub("--.*|COMMENT ON .*", "", path.read_text())]
        if re.search(rf"\b{table}\b", text)
    ]
    relation = RELATIONS[table]
    for column in relation.columns:
        used = any(re.search(rf"\b{column.name}\b", text) for text in statements)
        assert used == column.is_needed, column.name


def test_an_index_serves_a_job_there_is() -> None:
    jobs = {job.name for job in CATALOGUE.jobs}
    indexes = [index for relation in RELATIONS.values() for index in relation.indexes]
    assert {index.serves for index in indexes} <= jobs


def test_what_has_ports_is_declared_to_be_written_by_a_step() -> None:
    """A step that does not say so would write before the cut-over, and `--changes` would not list it."""
    written = {relation.table for step in CATALOGUE.steps for relation in step.writes}
    ported = {table for table, relation in RELATIONS.items() if relation.ports}
    assert ported - written == set()
