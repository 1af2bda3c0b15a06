"""Made-up apps with ids of any type, behind views: what the doctor is to find sound."""

from collections.abc import Sequence

from trc_pipelines.app_relations.ddl import write_table
from trc_pipelines.app_relations.declarations import KEY, AppRelation, Column
from trc_pipelines.domains import load_domains

DECLARED = {domain.name: list(domain.app_relations) for domain in load_domains()}
KEYS = {"uuid": "md5('{}')::uuid", "text": "'c{}'", "bigint": "{}"}
VALUES = {
    "timestamptz": "'2026-03-02 10:00+00'", "bigint": "{0}", "integer": "1", "boolean": "TRUE",
    "jsonb": "'{{}}'", "text": "'word {0}'",
}  # fmt: skip


def needed(domain: str) -> list[AppRelation]:
    return [relation for relation in DECLARED[domain] if relation.is_needed]


def write_app(domain: str, key_type: str, owner: str, login: str) -> str:
    """SQL for an app of two rows a table, and its views; its owner has both, the login may read."""
    relations = needed(domain)
    return "\n".join(
        [
            f"DROP SCHEMA IF EXISTS {domain} CASCADE; DROP SCHEMA IF EXISTS {domain}_app CASCADE;",
            f"CREATE SCHEMA {domain} AUTHORIZATION {owner};",
            f"CREATE SCHEMA {domain}_app AUTHORIZATION {owner};",
            f"SET ROLE {owner};",
            *[write_app_table(relation, key_type) for relation in relations],
            *[write_rows(relation, key_type) for relation in relations],
            *[write_view(relation) for relation in relations],
            f"GRANT USAGE ON SCHEMA {domain} TO {login};",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA {domain} TO {login};",
            "RESET ROLE;",
        ]
    )


def write_app_table(relation: AppRelation, key_type: str) -> str:
    table = write_table(relation).replace(f" {relation.domain}.", f" {relation.domain}_app.")
    return table.replace(KEY, key_type).replace("DEFAULT gen_random_uuid()::text", "")


def write_rows(relation: AppRelation, key_type: str) -> str:
    rows = [
        f"({', '.join(_value(column, key_type, number) for column in relation.columns)})"
        for number in (1, 2)
    ]
    return f"INSERT INTO {relation.domain}_app.{relation.name} VALUES {', '.join(rows)};"


def write_view(relation: AppRelation, **changed: str) -> str:
    """A view over the app's table, with some columns as told; "" leaves one out."""
    shown = [
        changed.get(column.name, f"{_plain(column)} AS {column.name}")
        for column in relation.columns
    ]
    return (
        f"CREATE VIEW {relation.table} AS SELECT {', '.join(filter(None, shown))} "
        f"FROM {relation.domain}_app.{relation.name} AS a;"
    )


def find(relations: Sequence[AppRelation], name: str) -> AppRelation:
    return next(relation for relation in relations if relation.table == name)


def _plain(column: Column) -> str:
    return f"a.{column.name}::text" if column.type == KEY else f"a.{column.name}"


def _value(column: Column, key_type: str, number: int) -> str:
    if column.type == KEY:
        return KEYS[key_type].format(number)
    if column.is_nullable:
        return "NULL"
    if column.values:
        return f"'{column.values[0]}'"
    return VALUES[column.plain_type].format(number)
