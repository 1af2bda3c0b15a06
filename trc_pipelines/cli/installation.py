"""One installation, made ready: its folder, its databases, its Dagster instance."""

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from trc_pipelines.cli.jobs import read_declared
from trc_pipelines.cli.output import tell
from trc_pipelines.database.adapters import Adapter
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import stop_embedded_server
from trc_pipelines.database.locate import locate_dagster_database, locate_database
from trc_pipelines.database.migrations import (
    MigrationError,
    ensure_database,
    migrate,
    pending_migrations,
)
from trc_pipelines.database.rights import require_rights
from trc_pipelines.domains import read_catalogue
from trc_pipelines.settings import (
    DEMO_GUILD_ID,
    IN_HOST,
    LAUNCHERS,
    PROJECT_ROOT,
    Settings,
    SettingsError,
    load_settings,
)

# Not TRC_HOME itself, where our logs are: Dagster takes a folder "logs" there for its telemetry.
DAGSTER_FOLDER = "dagster"


@dataclass(frozen=True)
class Installation:
    """Settings and where they lead. `is_embedded`: the PostgreSQL server is ours."""

    settings: Settings
    database: Database
    dagster_url: str
    is_embedded: bool

    @property
    def environment(self) -> dict[str, str]:
        """Environment of Dagster's processes and of our code inside them."""
        settings = self.settings
        home = settings.trc_home
        # Named in the files of launchers; settings.env may have them, which only we read.
        launcher = {
            "CELERY_BROKER_URL": settings.celery_broker_url,
            "CELERY_RESULT_URL": settings.celery_result_url or settings.celery_broker_url,
            "CELERY_QUEUE": settings.celery_queue,
            "RUN_IMAGE": settings.run_image,
            "RUN_NETWORK": settings.run_network,
            "RUN_NAMESPACE": settings.run_namespace,
        }
        return {
            "TRC_HOME": str(home),
            "DATABASE_URL": self.database.url,
            "DAGSTER_HOME": str(home / DAGSTER_FOLDER),
            "DAGSTER_POSTGRES_URL": self.dagster_url,
            # dagster.yaml alone does not stop the upload of files it finds in DAGSTER_HOME/logs.
            "DAGSTER_DISABLE_TELEMETRY": "1",
            # A daemon silent for two minutes is dead. The default is half an hour.
            "DAGSTER_DAEMON_HEARTBEAT_TOLERANCE": "120",
            **{name: value for name, value in launcher.items() if value},
        }


def make_home(settings: Settings, *, begins: bool = True) -> Path:
    """Make TRC_HOME, with Dagster's own folder in it.

    Args:
        begins: Dagster's configuration follows the settings and this version. A command that only
            looks leaves it: its shell may know nothing of RUN_LAUNCHER.
    """
    home = settings.trc_home
    instance = home / DAGSTER_FOLDER / "dagster.yaml"
    try:
        instance.parent.mkdir(parents=True, exist_ok=True)
        if begins or not instance.exists():
            _write_instance(instance, settings.run_launcher)
    except OSError as error:
        raise SettingsError(
            f"TRC_HOME: {home} cannot be written ({error.strerror}); it accepts a folder of yours"
        ) from error
    return home


def _write_instance(path: Path, launcher: str) -> None:
    """Write Dagster's configuration as this version has it, unless somebody has edited theirs."""
    written = path.read_text(encoding="utf-8") if path.exists() else ""
    mark, _, rest = written.partition("\n")
    if written and mark != _mark(rest):
        return
    ours = (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8")
    if launcher != IN_HOST:
        ours += (LAUNCHERS / f"{launcher}.yaml").read_text(encoding="utf-8")
    if rest != ours:
        # In one instant: another command may be reading it.
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(f"{_mark(ours)}\n{ours}", encoding="utf-8")
        draft.replace(path)


def _mark(text: str) -> str:
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"# Written by trc. Once you edit it, it is yours: trc leaves it as it is. ({digest})"


def require_home(settings: Settings, *, begins: bool = False) -> None:
    """Make sure that a TRC_HOME somebody named is one: a mistyped one would become an empty installation.

    Args:
        begins: the command makes an installation where there is none. On a terminal it asks all the
            same.

    Raises:
        SettingsError: it is none, and nobody wants it to become one.
    """
    home = settings.trc_home
    if "TRC_HOME" not in os.environ or (home / DAGSTER_FOLDER / "dagster.yaml").exists():
        return
    if sys.stdin.isatty():
        typer.echo(f"TRC_HOME is {home}, where no installation is yet.", err=True)
        if typer.confirm("Make one there?", err=True):
            return
    elif begins:
        return
    raise SettingsError(
        f"TRC_HOME: no installation is in {home}, and nothing was made; it accepts the folder of one. "
        "To begin one there: trc db migrate, trc up or trc demo"
    )


@contextmanager
def open_installation(domain: str | None = None, *, begins: bool = False) -> Iterator[Installation]:
    """Open the installation the settings describe.

    An embedded server runs until the block ends. This process gets the environment that Dagster's own
    have.

    Args:
        domain: what the command is about, if one alone.
        begins: whether an installation may begin here.

    Raises:
        SettingsError: the domain is switched off, or a setting cannot be used.
    """
    settings = load_settings()
    require_home(settings, begins=begins)
    if domain and domain not in settings.domains:
        raise SettingsError(
            f"DOMAINS: is {', '.join(settings.domains)}; this command is about {domain}, which is "
            "not among them"
        )
    home = make_home(settings, begins=begins)
    is_embedded = settings.database_url is None
    try:
        database = locate_database(settings)
        installation = Installation(
            settings, database, locate_dagster_database(settings, database), is_embedded
        )
        os.environ.update(installation.environment)
        if is_embedded:
            ensure_database(database.url)
        yield installation
    finally:
        if is_embedded:
            stop_embedded_server(home / "postgres")


def require_guild(settings: Settings) -> None:
    """Make sure that a guild is set: without one the installation would be the demo's.

    Raises:
        SettingsError: none is.
    """
    if settings.mee6_guild_id in (None, DEMO_GUILD_ID):
        raise SettingsError(
            "MEE6_GUILD_ID: is not set; it accepts the id of the Discord server to read "
            "(a made-up one: trc demo)"
        )


def prepare_databases(installation: Installation, *, attach: Adapter | None = None) -> list[str]:
    """Create and update both databases and Dagster's pools.

    Args:
        attach: is put in the place of its domain's tables.

    Returns:
        Names of our migrations applied now.

    Raises:
        RightsError: the login may not do all of it; nothing was begun.
    """
    database, domains = installation.database.direct, installation.settings.domains
    catalogue = read_catalogue(installation.settings)
    relations = [relation.table for relation in catalogue.app_relations]
    require_rights(database, installation.dagster_url, domains, relations)
    read_declared(
        installation.settings
    )  # loaded as they are, so that the first `trc jobs` need not
    with tell("Bringing our database up to date", 2) as work:
        ensure_database(database.url)
        ensure_database(installation.dagster_url)
        work.done = 1
        applied = migrate(database.url, domains, attach=attach)
        work.begin("Bringing Dagster's database up to date", 2)
        import dagster as dg  # here, because it takes seconds and few commands need it

        pools = {step.domain for step in catalogue.steps}
        with dg.DagsterInstance.get() as instance:
            instance.upgrade()
            # The default limit of dagster.yaml lets the first wave of a new pool through.
            for pool in sorted(pools):
                instance.event_log_storage.set_concurrency_slots(pool, 1)
    return applied


def require_schema(installation: Installation) -> None:
    """Make sure the schema is up to date: ours is brought there, another's is not touched.

    Raises:
        MigrationError: migrations are pending on a server that is not ours.
    """
    pending = pending_migrations(installation.database.direct.url, installation.settings.domains)
    if pending and not installation.is_embedded:
        raise MigrationError(f"migration {pending[0]} is not applied; run: trc db migrate")
    if pending:
        prepare_databases(installation)
