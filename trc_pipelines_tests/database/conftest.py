"""Databases of somebody else."""

from collections.abc import Iterator

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines_tests.database.plain_sql import run_sql
from trc_pipelines_tests.databases import close_connections
from trc_pipelines_tests.servers import create_database, drop_database


@pytest.fixture
def bare(
    database_url: str, servers: dict[int, str], request: pytest.FixtureRequest
) -> Iterator[str]:
    """A database with nothing in it, as a login that owns nothing sees it: it may create schemas."""
    version = request.node.callspec.params["database_url"]
    url = create_database(servers[version], template="template1")
    name = make_url(url).database
    run_sql(
        url,
        f"""
        DO $$ BEGIN CREATE ROLE test_guest LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation
        THEN NULL; END $$;
        GRANT CREATE ON DATABASE {name} TO test_guest; GRANT trc_owner TO test_guest;
        """,
    )
    guest = make_url(url).set(username="test_guest").render_as_string(hide_password=False)
    yield guest
    close_connections(guest)
    drop_database(url)
