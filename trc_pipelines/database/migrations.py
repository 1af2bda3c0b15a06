"""The schema: plain SQL files in `sql/migrations`, ordered by Alembic, all applied or none.

A file is `<number>_<schema>` or `<number>_<schema>_<what>`. The files of a schema are a branch of their
own in Alembic, so that a domain that is not installed has none of its own applied.
"""

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

import sqlalchemy as sa

from trc_pipelines.database.statements import SQL_FOLDER, read_file
from trc_pipelines.settings import KNOWN_DOMAINS

# Always installed. Each domain stands on them, without the other domains.
SHARED = ("operations", "leaderboards")

_FOLDER = SQL_FOLDER / "migrations"
# Any number will do as long as every migrator takes the same one.
_LOCK_KEY = 7_291_564
_SCRIPTS = Path(__file__).parent / "alembic"


class MigrationError(Exception):
    """The schema cannot be brought up to date. The message says why and what to do."""


def migrate(url: str, domains: Collection[str] = KNOWN_DOMAINS) -> list[str]:
    """Bring what is shared and these domains up to date at `url`.

    Two migrators at once take turns. All files are applied in one transaction. Domains that were
    installed before and are not named stay as they are.

    Returns:
        Names of the files applied now.

    Raises:
        MigrationError: a file that was applied is gone or has been edited, or a statement failed.
    """
    from alembic import command  # slow, and few who look at migrations apply them
    from alembic.config import Config

    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            before = _applied(connection)
            _refuse_changed_files(before)
            if not before:
                # Alembic keeps its table there, and makes it before the first file runs.
                connection.execute(sa.schema.CreateSchema("operations", if_not_exists=True))
            for domain in sorted(domains):
                _run_script(connection, f"app_relations/{domain}")
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_SCRIPTS))
            config.set_main_option("path_separator", "os")
            # By their numbers: a new database is made in the order in which old ones grew.
            for name in _missing(before, domains):
                command.upgrade(config, name)
            for port in sorted(_FOLDER.with_name("ports").glob("*.sql")):
                if port.stem in domains:
                    _run_script(connection, f"ports/{port.stem}")
            connection.exec_driver_sql(read_file("database/transfer_ownership"))
            return [name for name in _applied(connection) if name not in before]
    except sa.exc.DBAPIError as error:
        raise MigrationError(f"the migration was rolled back: {error.orig}".strip()) from error
    finally:
        engine.dispose()


def pending_migrations(url: str, domains: Collection[str] = KNOWN_DOMAINS) -> list[str]:
    """Name the files of what is shared and of these domains that are not applied at `url`."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            applied = _applied(connection)
    except sa.exc.DBAPIError as error:
        raise MigrationError(
            f"the database did not answer: {str(error.orig).strip()}; if it is new: trc db migrate"
        ) from error
    finally:
        engine.dispose()
    return _missing(applied, domains)


def sql_file(name: str) -> Callable[[], None]:
    """Make the upgrade of an Alembic revision: run that file of `sql/migrations`, note its digest."""

    def upgrade() -> None:
        from alembic import op

        connection = op.get_bind()
        _run_script(connection, f"migrations/{name}")
        connection.execute(
            sa.text(
                "INSERT INTO operations.migrations (name, schema_name, sha256) "
                "VALUES (:name, :schema_name, :sha256)"
            ),
            {"name": name, "schema_name": _schema(name), "sha256": _digest(name)},
        )

    return upgrade


def ensure_database(url: str) -> None:
    """Create the database that `url` names, if the server does not have it.

    Raises:
        MigrationError: the server does not answer, or does not let us create it.
    """
    target = sa.engine.make_url(url)
    engine = create_engine(url, database="postgres", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            exists = connection.execute(
                sa.text("SELECT 1 FROM pg_database WHERE datname = :name"),
                {"name": target.database},
            ).scalar()
            if not exists:
                # CREATE DATABASE takes no parameters, so the name is quoted as an identifier.
                quoted = connection.dialect.identifier_preparer.quote_identifier(
                    str(target.database)
                )
                connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    except sa.exc.DBAPIError as error:
        raise MigrationError(
            f"the database {target.database} cannot be created: {error.orig}".strip()
        ) from error
    finally:
        engine.dispose()


def create_engine(url: str, database: str | None = None, **options: str) -> sa.Engine:
    """Create an engine with the driver spelled out and a bounded wait for the connection."""
    target = sa.engine.make_url(url).set(drivername="postgresql+psycopg2")
    if database:
        target = target.set(database=database)
    return sa.create_engine(
        target, poolclass=sa.NullPool, connect_args={"connect_timeout": 5}, **options
    )


def _run_script(connection: sa.Connection, name: str) -> None:
    # Without parameters the driver leaves the text alone: "%" in it is just a character.
    connection.exec_driver_sql(read_file(name), execution_options={"no_parameters": True})


def _applied(connection: sa.Connection) -> dict[str, str]:
    if connection.execute(sa.text("SELECT to_regclass('operations.migrations')")).scalar() is None:
        return {}
    rows = connection.execute(
        sa.text("SELECT name, sha256 FROM operations.migrations ORDER BY name")
    )
    return {name: digest for name, digest in rows}  # noqa: C416  # rows are no pairs to mypy


def _missing(applied: Collection[str], domains: Collection[str]) -> list[str]:
    names = sorted(path.stem for path in _FOLDER.glob("*.sql"))
    wanted = {*SHARED, *domains}
    return [name for name in names if _schema(name) in wanted and name not in applied]


def _refuse_changed_files(applied: dict[str, str]) -> None:
    for name, digest in applied.items():
        if not (_FOLDER / f"{name}.sql").exists():
            raise MigrationError(
                f"the database has migration {name}, which is not in sql/migrations: it was migrated "
                "by another version. Use that version or a later one."
            )
        if digest != _digest(name):
            raise MigrationError(
                f"sql/migrations/{name}.sql was edited after it was applied. "
                "Restore it, and put the change into a new numbered file."
            )


def _schema(name: str) -> str:
    return name.split("_")[1]


def _digest(name: str) -> str:
    return hashlib.sha256(read_file(f"migrations/{name}").encode()).hexdigest()
