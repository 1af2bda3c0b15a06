"""What a login must be allowed, looked at before anything starts: everything that is missing at once."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from trc_pipelines.database.connection import Database
from trc_pipelines.database.migrations import (
    create_engine,
    has_database,
    pending_migrations,
    schema_of,
)


@dataclass(frozen=True)
class MissingRight:
    """Something a login may not do, and what somebody who may has to run.

    Attributes:
        what: a sentence for people.
        remedy: SQL, or what to do where SQL is of no help.
    """

    what: str
    remedy: str


class RightsError(Exception):
    """The login lacks rights. The message has one line for each."""

    def __init__(self, missing: Collection[MissingRight]) -> None:
        lines = [f"{right.what}; run: {right.remedy}" for right in missing]
        super().__init__("\n".join(["the login may not do everything it needs to", *lines]))


def require_rights(
    database: Database, dagster_url: str, domains: Collection[str], relations: Collection[str]
) -> None:
    """Make sure that both databases can be made and used.

    Args:
        relations: those of apps, as `schema.table`; what their views read is looked at too.

    Raises:
        RightsError: something is missing; all of it is named.
        DatabaseError: the server does not answer or does not let us in.
    """
    missing = [
        *find_missing_rights(database, domains, relations),
        *find_missing_dagster_rights(dagster_url),
    ]
    if missing:
        raise RightsError(missing)


def find_missing_rights(
    database: Database, domains: Collection[str], relations: Collection[str]
) -> list[MissingRight]:
    """Find what the login lacks to migrate the pipelines' database and to run in it."""
    if not has_database(database.url):
        return _find_creation(database.url)
    pending = pending_migrations(database.url, domains)
    schemas = sorted({schema_of(name) for name in pending})
    with database.transaction(commit=False) as transaction:
        rows = transaction.read_rows(
            "database/find_missing_rights", schemas=schemas, relations=list(relations)
        )
    return [MissingRight(**row) for row in rows]


def find_missing_dagster_rights(url: str) -> list[MissingRight]:
    """Find what the login lacks to let Dagster keep its tables in its own database."""
    if not has_database(url):
        return _find_creation(url)
    with Database(url).transaction(commit=False) as transaction:
        rows = transaction.read_rows("database/find_missing_dagster_rights")
    return [MissingRight(**row) for row in rows]


def _find_creation(url: str) -> list[MissingRight]:
    """Find whether the login may create the database that `url` names, and which is not there."""
    engine = create_engine(url, database="postgres")
    try:
        with engine.connect() as connection:
            login, may_create = connection.execute(
                sa.text(
                    "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                )
            ).one()
    finally:
        engine.dispose()
    if may_create:
        return []
    quote = engine.dialect.identifier_preparer.quote_identifier
    name = str(sa.engine.make_url(url).database)
    return [
        MissingRight(
            f"the database {name} is missing, and {login} may not create it",
            f"CREATE DATABASE {quote(name)} OWNER {quote(login)}",
        )
    ]
