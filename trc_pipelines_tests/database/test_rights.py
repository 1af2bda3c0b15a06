"""What a login lacks is said before anything starts, with what an administrator has to run."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.database.embedded import start_embedded_server, stop_embedded_server
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.database.plain_sql import run_sql
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, SETTINGS, with_database
from trc_pipelines_tests.servers import _administer as run

DATABASE = 'GRANT CREATE ON DATABASE "some app" TO newcomer'
DAGSTER = 'CREATE DATABASE "some app_dagster" OWNER "newcomer"'
ROLES = [f"CREATE ROLE {role} NOLOGIN" for role in ("trc_owner", "trc_app", "trc_analyst")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on which nothing of ours has ever been: roles belong to all of its databases."""
    folder: Path = tmp_path_factory.mktemp("pg")
    folder.chmod(0o755)
    url = start_embedded_server(folder / "data", POSTGRES_VERSIONS[0], SETTINGS)
    run_sql(url, "CREATE ROLE newcomer LOGIN; CREATE ROLE maker LOGIN CREATEROLE CREATEDB")
    yield url
    stop_embedded_server(folder / "data")


def remedies(text: str) -> list[str]:
    """The SQL of each line but the first."""
    return [line.partition("; run: ")[2] for line in text.strip().splitlines()[1:]]


def test_a_login_that_owns_nothing_is_told_everything_at_once_and_then_installs(
    server: str, trc: Trc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(server, 'CREATE DATABASE "some app"')
    url = make_url(server).set(username="newcomer", database="some app")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    assert trc("db", "migrate") == 1
    found = remedies(capsys.readouterr().err)
    member = "GRANT trc_owner TO newcomer WITH INHERIT TRUE, SET TRUE"
    assert set(found) == {DATABASE, *ROLES, member, DAGSTER}
    for remedy in found:
        run(with_database(server, "some app"), remedy)
    assert trc("db", "migrate") == 0
    assert trc("verify") == 0


def test_a_login_that_may_create_roles_and_databases_needs_one_right_more(
    server: str, trc: Trc, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(server, "CREATE DATABASE theirs")
    url = make_url(server).set(username="maker", database="theirs")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    assert trc("db", "migrate") == 1
    [remedy] = [one for one in remedies(capsys.readouterr().err) if "trc_owner" not in one]
    assert remedy == "GRANT CREATE ON DATABASE theirs TO maker"
