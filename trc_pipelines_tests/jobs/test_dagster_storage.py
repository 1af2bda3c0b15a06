"""Dagster's connections to its own tables: kept, found out when they are dead, and given back."""

from collections.abc import Iterator

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.engine import make_url

from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.house import wait_until
from trc_pipelines_tests.servers import create_database, drop_database

SESSIONS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid()"
)
END_THEM = SESSIONS.replace("count(*)", "count(pg_terminate_backend(pid))")


@pytest.fixture
def url(servers: dict[int, str]) -> Iterator[str]:
    plain = create_database(servers[18], "template1")
    yield make_url(plain).set(drivername="postgresql+psycopg2").render_as_string(False)
    drop_database(plain)


@pytest.fixture
def instance(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """An instance with the storage that dagster.yaml names."""
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
    config = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    with dg.instance_for_test(overrides={"storage": config["storage"]}) as instance:
        yield instance


def ask(url: str, statement: str) -> int:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(sa.text(statement)))


def use(instance: dg.DagsterInstance) -> None:
    instance.get_runs(limit=1)
    instance.all_asset_keys()
    instance.all_instigator_state()
    instance.add_dynamic_partitions("words", ["one"])


def test_statements_share_connections_and_the_end_of_the_instance_closes_them(
    url: str, instance: dg.DagsterInstance
) -> None:
    use(instance)
    opened: list[object] = []
    sa.event.listen(sa.pool.Pool, "connect", lambda *connection: opened.append(connection))
    for _ in range(10):
        use(instance)
    assert opened == []
    assert 0 < ask(url, SESSIONS) <= 2
    instance.dispose()
    # A server takes a moment to end one.
    wait_until(lambda: ask(url, SESSIONS) == 0)


def test_after_a_restart_of_the_server_the_next_statement_goes_through(
    url: str, instance: dg.DagsterInstance
) -> None:
    use(instance)
    assert ask(url, END_THEM) > 0
    use(instance)
    assert instance.get_dynamic_partitions("words") == ["one"]
