"""Views for analysts: a file of `sql/views` for each schema, applied by `migrate` when it changed."""

import hashlib
import re
from collections.abc import Iterable

import sqlalchemy as sa

from trc_pipelines.database.statements import read_file

_NAME = re.compile(r"^CREATE OR REPLACE VIEW (\w+\.\w+) AS$", re.MULTILINE)
# What CREATE OR REPLACE cannot do: take a column away, or change its name or type.
_INVALID_DEFINITION = "42P16"


def make_views(connection: sa.Connection, schemas: Iterable[str]) -> None:
    """Make the views of these schemas whose file changed, or of which one is missing.

    What others built on them stays while columns are only added. Where one changes or goes and
    somebody's view is built on it, the database refuses and names that view.
    """
    for schema in find_changed(connection, schemas):
        text = read_file(f"views/{schema}")
        names = _NAME.findall(text)
        _drop(connection, [name for name in _names_before(connection, schema) if name not in names])
        try:
            with connection.begin_nested():
                _run(connection, text)
        except sa.exc.DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != _INVALID_DEFINITION:
                raise
            _drop(connection, names)
            _run(connection, text)
        connection.execute(
            sa.text(
                "INSERT INTO operations.view_scripts (schema_name, sha256, view_names) "
                "VALUES (:schema, :sha256, :names) ON CONFLICT (schema_name) DO UPDATE SET "
                "sha256 = excluded.sha256, view_names = excluded.view_names, "
                "applied_at = clock_timestamp()"
            ),
            {"schema": schema, "sha256": _digest(text), "names": names},
        )


def find_changed(connection: sa.Connection, schemas: Iterable[str]) -> list[str]:
    """Find the schemas whose views are not those of their files."""
    rows = connection.execute(
        sa.text(
            "SELECT s.schema_name, s.sha256 FROM operations.view_scripts AS s WHERE NOT EXISTS "
            "(SELECT 1 FROM unnest(s.view_names) AS v (name) WHERE to_regclass(v.name) IS NULL)"
        )
    )
    applied = {name: digest for name, digest in rows}  # noqa: C416  # rows are no pairs to mypy
    texts = {schema: _read(schema) for schema in schemas}
    return [name for name, text in texts.items() if text and applied.get(name) != _digest(text)]


def _names_before(connection: sa.Connection, schema: str) -> list[str]:
    names = connection.execute(
        sa.text("SELECT view_names FROM operations.view_scripts WHERE schema_name = :schema"),
        {"schema": schema},
    ).scalar()
    return list(names or [])


def _drop(connection: sa.Connection, names: list[str]) -> None:
    if names:
        _run(connection, f"DROP VIEW IF EXISTS {', '.join(names)}")


def _run(connection: sa.Connection, text: str) -> None:
    # Without parameters the driver leaves the text alone: "%" in it is just a character.
    connection.exec_driver_sql(text, execution_options={"no_parameters": True})


def _read(schema: str) -> str | None:
    try:
        return read_file(f"views/{schema}")
    except FileNotFoundError:
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
