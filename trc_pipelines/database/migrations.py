"""The schema: plain SQL files in `sql/migrations`, ordered by Alembic, all applied or none.

A file is `<number>_<schema>` or `<number>_<schema>_<what>`. The files of a schema are a branch of their
own in Alembic, so that a domain that is not installed has none of its own applied.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from trc_pipelines.database.adapters import Adapter, find_adapter
from trc_pipelines.database.statements import SQL_FOLDER, read_file
from trc_pipelines.database.views import find_changed, make_views
from trc_pipelines.settings import KNOWN_DOMAINS

# Always installed. Each domain stands on them, without the other domains.
SHARED = ("operations", "leaderboards", "reports")

_FOLDER = SQL_FOLDER / "migrations"
# Any number will do as long as every migrator takes the same one.
_LOCK_KEY = 7_291_564
# How long relations that are replaced may be in use by a run, or by who looks at them.
PATIENCE_SECONDS = 30.0
_SCRIPTS = Path(__file__).parent / "alembic"


class MigrationError(Exception):
    """The schema cannot be brought up to date. The message says why and what to do."""


def migrate(
    url: str, domains: Collection[str] = KNOWN_DOMAINS, *, attach: Adapter | None = None
) -> list[str]:
    """Bring what is shared and these domains up to date at `url`.

    Two migrators at once take turns. All files are applied in one transaction. Domains that were
    installed before and are not named stay as they are. An adapter whose files have changed since
    they were applied is applied again.

    Args:
        attach: puts its views in the place of its domain's tables, which must be empty or not there.

    Returns:
        Names of the files applied now.

    Raises:
        MigrationError: a file that was applied is gone or has been edited, or a statement failed.
    """
    from alembic import command  # slow, and few who look at migrations apply them
    from alembic.config import Config

    with _migrating(url) as connection:
        before = _applied(connection)
        _refuse_changed_files(before)
        if not before:
            # Alembic keeps its table there, and makes it before the first file runs.
            connection.execute(sa.schema.CreateSchema("operations", if_not_exists=True))
        adapters = _attached(connection) | ({attach.domain: attach} if attach else {})
        for domain in sorted(domains):
            if domain in adapters:
                _make_views(connection, adapters[domain])
            else:
                run_script(connection, f"app_relations/{domain}")
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(_SCRIPTS))
        config.set_main_option("path_separator", "os")
        # By their numbers: a new database is made in the order in which old ones grew.
        for name in _missing(before, domains):
            command.upgrade(config, name)
        for domain in sorted(domains):
            _make_ports(connection, domain, adapters.get(domain))
        make_views(connection, [*SHARED, *sorted(domains)])
        run_script(connection, "database/transfer_ownership")
        return [name for name in _applied(connection) if name not in before]


def detach(url: str, adapter: Adapter) -> None:
    """Put empty tables of ours in the place of an adapter's views, and our ports in that of its own.

    Raises:
        MigrationError: the domain is not attached to it, is being worked on, or a statement failed.
    """
    with _migrating(url) as connection:
        there = _attached(connection).get(adapter.domain)
        if there != adapter:
            what = f"is attached to {there.name}" if there else "is attached to no app"
            raise MigrationError(
                f"{adapter.domain} {what}, not to {adapter.name}: nothing was detached"
                + (f"; trc db detach accepts {there.name}" if there else "")
            )
        with _rebuilding(connection, _relations(connection, adapter.domain)):
            run_script(connection, f"app_relations/{adapter.domain}")
        connection.execute(
            sa.text("DELETE FROM operations.adapters WHERE domain = :domain"),
            {"domain": adapter.domain},
        )
        _make_ports(connection, adapter.domain, None)
        run_script(connection, "database/transfer_ownership")


def _make_views(connection: sa.Connection, adapter: Adapter) -> None:
    """Make an adapter's views, in a new database or in the place of what is there."""
    if not _is_installed(connection, adapter.domain):
        run_script(connection, f"{adapter.folder}/views")
        return
    relations = _relations(connection, adapter.domain)
    if _attached_digest(connection, adapter) == adapter.digest and all(
        connection.execute(sa.text("SELECT to_regclass(:name)"), {"name": name}).scalar()
        for name in relations
    ):
        return
    with _rebuilding(connection, relations):
        run_script(connection, f"{adapter.folder}/views")


def _make_ports(connection: sa.Connection, domain: str, adapter: Adapter | None) -> None:
    """Make the ports of a domain, first ours, then those that its adapter has of its own."""
    # Those of ours that an adapter replaces need not fit its views.
    is_checked = "off" if adapter and adapter.has_ports else "on"
    connection.exec_driver_sql(f"SET LOCAL check_function_bodies = {is_checked}")
    if (SQL_FOLDER / "ports" / f"{domain}.sql").exists():
        run_script(connection, f"ports/{domain}")
    connection.exec_driver_sql("SET LOCAL check_function_bodies = on")
    if adapter is None:
        return
    if adapter.has_ports:
        run_script(connection, f"{adapter.folder}/ports")
    connection.execute(
        sa.text(
            "INSERT INTO operations.adapters (domain, adapter, sha256) "
            "VALUES (:domain, :adapter, :sha256) ON CONFLICT (domain) DO UPDATE SET "
            "adapter = excluded.adapter, sha256 = excluded.sha256, applied_at = clock_timestamp()"
        ),
        {"domain": domain, "adapter": adapter.name, "sha256": adapter.digest},
    )


def _attached(connection: sa.Connection) -> dict[str, Adapter]:
    """Find the adapters that are attached, by domain."""
    if connection.execute(sa.text("SELECT to_regclass('operations.adapters')")).scalar() is None:
        return {}
    rows = connection.execute(sa.text("SELECT domain, adapter FROM operations.adapters"))
    return {domain: find_adapter(name) for domain, name in rows}


def _attached_digest(connection: sa.Connection, adapter: Adapter) -> str | None:
    return connection.execute(
        sa.text(
            "SELECT sha256 FROM operations.adapters WHERE domain = :domain AND adapter = :name"
        ),
        {"domain": adapter.domain, "name": adapter.name},
    ).scalar()


def _is_installed(connection: sa.Connection, domain: str) -> bool:
    return any(schema_of(name) == domain for name in _applied(connection))


def _relations(connection: sa.Connection, domain: str) -> list[str]:
    """Name the app relations of an installed domain."""
    rows = connection.execute(
        sa.text(
            "SELECT schema_name || '.' || relation_name FROM operations.app_relations "
            "WHERE schema_name = :domain ORDER BY relation_name"
        ),
        {"domain": domain},
    )
    return list(rows.scalars())


@contextmanager
def _rebuilding(connection: sa.Connection, relations: Collection[str]) -> Iterator[None]:
    """Drop relations of an app, and make again what is built on them once the block has made them.

    No step of their domain runs meanwhile.
    """
    for domain in sorted({name.split(".")[0] for name in relations}):
        _hold_steps(connection, domain)
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS:g}s'")
    statements = connection.execute(
        sa.text("SELECT operations.drop_app_relations(:relations)"), {"relations": list(relations)}
    ).scalar_one()
    yield
    for statement in statements:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _hold_steps(connection: sa.Connection, domain: str) -> None:
    """Take the locks of a domain's steps, all or none, so that no run is in the midst of anything.

    Steps take several in an order of their own, so none is waited for while others are held.

    Raises:
        MigrationError: a run went on for longer than we wait.
    """
    look = sa.text(read_file("database/hold_steps"))
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        with connection.begin_nested() as attempt:
            running = list(connection.execute(look, {"domain": domain}).scalars())
            if not running:
                return
            attempt.rollback()
        if time.monotonic() > until:
            raise MigrationError(
                f"the jobs of {domain} are running ({', '.join(running)}); waited "
                f"{PATIENCE_SECONDS:g} s. Nothing was changed: stop trc up, or run it again when "
                "they are done."
            )
        time.sleep(0.2)


@contextmanager
def _migrating(url: str) -> Iterator[sa.Connection]:
    """Change the schema in one transaction, after whoever else does."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            yield connection
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


def changed_views(url: str, domains: Collection[str] = KNOWN_DOMAINS) -> list[str]:
    """Name the files of `sql/views` that the database at `url`, which is migrated, does not have."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return [f"views/{name}" for name in find_changed(connection, [*SHARED, *domains])]
    finally:
        engine.dispose()


def sql_file(name: str) -> Callable[[], None]:
    """Make the upgrade of an Alembic revision: run that file of `sql/migrations`, note its digest."""

    def upgrade() -> None:
        from alembic import op

        connection = op.get_bind()
        run_script(connection, f"migrations/{name}")
        connection.execute(
            sa.text(
                "INSERT INTO operations.migrations (name, schema_name, sha256) "
                "VALUES (:name, :schema_name, :sha256)"
            ),
            {"name": name, "schema_name": schema_of(name), "sha256": _digest(name)},
        )

    return upgrade


def ensure_database(url: str) -> None:
    """Create the database that `url` names, if the server does not have it.

    Raises:
        MigrationError: the server does not answer, or does not let us create it.
    """
    if has_database(url):
        return
    name = str(sa.engine.make_url(url).database)
    engine = create_engine(url, database="postgres", isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            # CREATE DATABASE takes no parameters, so the name is quoted as an identifier.
            quoted = connection.dialect.identifier_preparer.quote_identifier(name)
            connection.exec_driver_sql(f"CREATE DATABASE {quoted}")
    except sa.exc.DBAPIError as error:
        raise MigrationError(
            f"the database {name} cannot be created: {error.orig}".strip()
        ) from error
    finally:
        engine.dispose()


def has_database(url: str) -> bool:
    """Check whether the server has the database that `url` names.

    Raises:
        MigrationError: it does not let us in there, nor into `postgres`, where the others are listed.
    """
    try:
        _ask(url, None)
    except sa.exc.OperationalError as error:
        try:
            return bool(_ask(url, "postgres"))
        except sa.exc.OperationalError:
            raise MigrationError(f"the database did not answer: {error.orig}".strip()) from error
    return True


def _ask(url: str, database: str | None) -> object:
    """Ask in this database whether the one that `url` names is there."""
    engine = create_engine(url, database)
    try:
        with engine.connect() as connection:
            return connection.execute(
                sa.text("SELECT 1 FROM pg_database WHERE datname = :name"),
                {"name": sa.engine.make_url(url).database},
            ).scalar()
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


def run_script(connection: sa.Connection, name: str) -> None:
    """Run any number of statements from a file under `sql/`."""
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
    return [name for name in names if schema_of(name) in wanted and name not in applied]


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


def schema_of(name: str) -> str:
    """Name the schema that a file makes or changes."""
    return name.split("_")[1]


def _digest(name: str) -> str:
    return hashlib.sha256(read_file(f"migrations/{name}").encode()).hexdigest()
