"""What docs, README and the dashboard ask of the views can be asked, with the login they describe."""

import json
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.databases import borrow_database, engine_of
from trc_pipelines_tests.pictures import FOLDER, PICTURES
from trc_pipelines_tests.views.compare import rows_of

ANALYSTS = (PROJECT_ROOT / "docs/analysts.md").read_text()
README = (PROJECT_ROOT / "README.md").read_text()
PANELS = json.loads((PROJECT_ROOT / "docs/dashboards/grafana.json").read_text())["panels"]
QUERIES = {
    **{
        f"analysts.md {number}": query
        for number, query in enumerate(re.findall(r"```sql\n(.+?)```", ANALYSTS, re.DOTALL))
    },
    **{
        f"README {number}": query
        for number, query in enumerate(
            re.findall(r"^\| .+\? \| `(SELECT .+)` \|$", README, re.MULTILINE)
        )
    },
    **{panel["title"]: target["rawSql"] for panel in PANELS for target in panel["targets"]},
}
LOGIN = re.findall(r'^trc db shell -c "((?:CREATE|ALTER) ROLE .+)"$', ANALYSTS, re.MULTILINE)
VIEWS = """\
SELECT c.oid::regclass::text AS view FROM pg_class AS c WHERE c.relkind = 'v'
AND c.oid::regclass::text IN (SELECT unnest(s.view_names) FROM operations.view_scripts AS s)"""


@pytest.fixture(scope="module")
def url(servers: dict[int, str]) -> Iterator[str]:
    """An empty database, as the login of an analyst sees it."""
    # Roles are the server's, which all workers share.
    name = f"analyst_{uuid.uuid4().hex[:8]}"
    with borrow_database(servers[18]) as url:
        with engine_of(url).begin() as connection:
            for command in LOGIN:
                connection.exec_driver_sql(re.sub(r"\banalyst\b", name, command))
        yield make_url(url).set(username=name).render_as_string(hide_password=False)
        engine_of(url).dispose()
        with engine_of(url).begin() as connection:
            connection.exec_driver_sql(f"DROP ROLE {name}")


def test_there_are_ten_answers_and_three_commands() -> None:
    assert sum(name.startswith("README") for name in QUERIES) == 10
    assert len(LOGIN) == 3
    assert len(PANELS) == 21


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_runs_for_who_only_reads(url: str, name: str) -> None:
    engine = sa.create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(QUERIES[name], execution_options={"no_parameters": True}).all()


def test_who_only_reads_writes_nothing(url: str) -> None:
    engine = sa.create_engine(
        make_url(url).set(drivername="postgresql+psycopg2"), poolclass=sa.NullPool
    )
    for write in ("CREATE TABLE public.mine (x int)", "DELETE FROM community.members"):
        with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="read-only"):
            connection.exec_driver_sql(write)
    for write in ("UPDATE community.days SET is_points_stale = TRUE", "DELETE FROM betting.bets"):
        with (
            engine.connect() as connection,
            pytest.raises(sa.exc.DBAPIError, match="permission denied"),
        ):
            connection.exec_driver_sql(f"SET TRANSACTION READ WRITE; {write}")


def test_every_view_has_a_question_and_a_query(database_url: str) -> None:
    views = {row["view"] for row in rows_of(database_url, VIEWS)}
    assert len(views) == 25
    asked = set(re.findall(r"^`(\w+\.\w+)`: .+\n\n```sql", ANALYSTS, re.MULTILINE))
    assert asked == views


def test_every_view_has_a_picture_that_says_what_it_shows() -> None:
    shown = re.findall(
        r"^`(\w+\.\w+)`: .+\n\n```sql\n[^`]+```\n\n!\[(.+)\]\(images/views/(.+)\.svg\)$",
        ANALYSTS,
        re.MULTILINE,
    )
    assert {view for view, _, file in shown if view == file} == PICTURES.keys()
    assert len({alt for _, alt, _ in shown if len(alt) > 20}) == len(PICTURES) == 25
    assert {file.stem for file in FOLDER.iterdir()} == PICTURES.keys()


def test_pictures_are_small_and_need_nothing_else() -> None:
    drawn = {file.stem: file.read_text() for file in FOLDER.iterdir()}
    assert sum(map(len, drawn.values())) < 1_500_000
    for view, svg in drawn.items():
        words = {text.strip() for text in ET.fromstring(svg).itertext()}
        assert PICTURES[view][0].title in words
        assert not re.search(r"<script|<image|href=|url\((?!#)|#fe0", svg), view


def test_views_and_their_columns_are_described(database_url: str) -> None:
    bare = rows_of(
        database_url,
        "SELECT c.oid::regclass::text, a.attname FROM pg_class AS c "
        "INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum >= 0 "
        f"WHERE c.oid::regclass::text IN (SELECT v.view FROM ({VIEWS}) AS v) "
        "AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)",
    )
    assert bare == []
