"""What a URL says about the connection reaches every driver that is given it."""

from collections.abc import Iterator
from contextlib import nullcontext
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import psycopg2
import pytest
import sqlalchemy as sa
from dagster_postgres.utils import create_pg_connection
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from trc_pipelines.database.connection import Database, DatabaseError
from trc_pipelines.database.locate import locate_dagster_database, locate_database
from trc_pipelines.database.migrations import create_engine
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.settings import SettingsError, load_settings
from trc_pipelines_tests.budget import examples

pytestmark = pytest.mark.either

# One with a space, an equals sign and a plus in it.
OPTIONS = {"options": "-c search_path=a+b -c geqo=off", "sslmode": "disable"}
SHOWN = "SELECT current_setting('geqo') || current_setting('search_path')"


@pytest.fixture
def url(database_url: str) -> str:
    return make_url(database_url).update_query_dict(OPTIONS).render_as_string(hide_password=False)


class RefusesTls(StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.read(8)
        self.wfile.write(b"N")


@pytest.fixture
def without_tls() -> Iterator[str]:
    """URL of a server that has no TLS. (Over a Unix socket nobody asks for it.)"""
    with ThreadingTCPServer(("127.0.0.1", 0), RefusesTls) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"postgresql://ann@127.0.0.1:{server.server_address[1]}/trc"
        server.shutdown()


def test_adbc_is_told(url: str) -> None:
    with Database(url).connect() as connection:
        shown = connection.use("ask", lambda cursor: cursor.execute(SHOWN).fetchone())
    assert shown == ("offa+b",)


def test_psycopg2_is_told_by_itself_and_under_sqlalchemy(url: str) -> None:
    connection = psycopg2.connect(libpq_url(url))
    with connection.cursor() as cursor:
        cursor.execute(SHOWN)
        assert cursor.fetchone() == ("offa+b",)
    connection.close()
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.execute(sa.text(SHOWN)).scalar() == "offa+b"
    engine.dispose()


def test_dagster_is_told(url: str) -> None:
    database = Database(url)
    settings = load_settings(database_url=url, dagster_database_url=url)
    engine = sa.create_engine(locate_dagster_database(settings, database))
    with create_pg_connection(engine) as connection:
        assert connection.execute(sa.text(SHOWN)).scalar() == "offa+b"
    engine.dispose()


@pytest.mark.parametrize("name", ["database_url", "database_direct_url"])
def test_tls_that_is_asked_for_is_asked_of_the_server(without_tls: str, name: str) -> None:
    """The server has none, and so nobody gets in: no driver goes on without."""
    url = f"{without_tls}?sslmode=require"
    database = locate_database(load_settings(**{"database_url": url, name: url})).direct
    with pytest.raises(DatabaseError, match="does not support SSL"), database.connect():
        pass
    with pytest.raises(psycopg2.OperationalError, match="does not support SSL"):
        psycopg2.connect(libpq_url(url))
    engine = sa.create_engine(locate_dagster_database(load_settings(database_url=url), database))
    with pytest.raises(sa.exc.OperationalError, match="does not support SSL"), engine.connect():
        pass


def test_what_the_url_says_of_waiting_is_not_overruled(url: str) -> None:
    said = libpq_url(url + "&connect_timeout=9", {"connect_timeout": "5"}, application_name="x y")
    assert "connect_timeout=9" in said
    assert "application_name=x%20y" in said


def test_what_needs_escapes_is_the_same_to_libpq() -> None:
    said = {"user": "ann", "password": "a/b:c@d+e", "host": "db", "port": "5433", "dbname": "a b"}
    url = make_url("postgresql+psycopg2://ann@db:5433").set(password="a/b:c@d+e", database="a b")
    text = libpq_url(url.render_as_string(hide_password=False))
    assert psycopg2.extensions.parse_dsn(text) == said


@settings(max_examples=examples(100), deadline=None)
@given(
    st.sampled_from(["postgresql://", "postgres://", "postgresql+psycopg2://", "mysql://", ""]),
    st.text("ab:@/?[]5%=&.", max_size=20),
)
def test_a_url_is_accepted_if_and_only_if_the_libraries_can_use_it(driver: str, rest: str) -> None:
    """The settings read it without them: `trc jobs` would wait for SQLAlchemy longer than for all else."""
    try:
        url = make_url(driver + rest)
        is_usable = url.drivername.startswith("postgres") and bool(url.database)
    except (sa.exc.ArgumentError, ValueError, TypeError):
        is_usable = False
    refused = pytest.raises(SettingsError, match="accepts postgresql://user:password@host:port/")
    with nullcontext() if is_usable else refused:
        load_settings(database_url=driver + rest)
