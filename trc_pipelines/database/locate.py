"""Which database: the one DATABASE_URL names, else one embedded under TRC_HOME."""

from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import start_embedded_server
from trc_pipelines.settings import Settings

# In the embedded server.
DATABASE_NAME = "trc"


def locate_database(settings: Settings) -> Database:
    """Locate the pipelines' database. Without a URL, start (or join) the embedded server."""
    url = settings.database_url
    if url is None:
        server = make_url(start_embedded_server(settings.trc_home / "postgres"))
        url = server.set(database=DATABASE_NAME).render_as_string(hide_password=False)
    return Database(
        url,
        settings.statement_timeout_seconds,
        settings.lock_timeout_seconds,
        direct_url=settings.database_direct_url,
    )


def locate_dagster_database(settings: Settings, database: Database) -> str:
    """Return the URL of Dagster's own database, with the driver spelled as dagster-postgres needs it."""
    url = make_url(settings.dagster_database_url or database.url)
    if settings.dagster_database_url is None:
        url = url.set(database=f"{url.database}_dagster")
    return url.set(drivername="postgresql+psycopg2").render_as_string(hide_password=False)
