"""Whatever does not fit between an app and the jobs is found, and what the doctor says mends it."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.app_relations.ddl import write_ddl
from trc_pipelines.app_relations.doctor import Finding
from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.database.connection import Database
from trc_pipelines_tests.app_relations.apps import (
    DECLARED,
    KEYS,
    find,
    needed,
    write_app,
    write_view,
)
from trc_pipelines_tests.servers import POSTGRES_VERSIONS, create_database, drop_database

Found = set[tuple[str, str, str | None]]


@dataclass(frozen=True)
class Clinic:
    """A database with apps, as its superuser, and as a login that owns nothing."""

    url: str
    owner: str
    login: str

    def run(self, sql: str) -> None:
        connection = psycopg2.connect(self.url)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def admit(self, domain: str, key_type: str = "uuid") -> None:
        self.run(write_app(domain, key_type, self.owner, self.login))

    def examine(self, *domains: str) -> list[Finding]:
        url = make_url(self.url).set(username=self.login).render_as_string(hide_password=False)
        declared = [relation for domain in domains for relation in DECLARED[domain]]
        return examine(Database(url, 30, 5), declared)

    def mend(self, findings: list[Finding]) -> None:
        for sql in dict.fromkeys(finding.remedy_sql for finding in findings):
            self.run(sql)


@pytest.fixture(scope="module", params=POSTGRES_VERSIONS)
def clinic(request: pytest.FixtureRequest, servers: dict[int, str]) -> Iterator[Clinic]:
    url = create_database(servers[request.param], "template0")
    name = make_url(url).database
    here = Clinic(
        make_url(url).set(drivername="postgresql").render_as_string(False),
        f"app_{name}",
        f"jobs_{name}",
    )
    here.run(f"CREATE ROLE {here.owner} LOGIN; CREATE ROLE {here.login} LOGIN")
    yield here
    drop_database(url)
    server = Clinic(servers[request.param], "", "")
    server.run(f"DROP ROLE {here.owner}; DROP ROLE {here.login}")


def seen(findings: list[Finding]) -> Found:
    return {(finding.kind, finding.relation, finding.column) for finding in findings}


@pytest.mark.parametrize("key_type", KEYS)
@pytest.mark.parametrize("domain", DECLARED)
def test_nothing_is_found_in_sound_views(clinic: Clinic, domain: str, key_type: str) -> None:
    clinic.admit(domain, key_type)
    assert clinic.examine(domain) == []


def test_nothing_is_found_in_tables_of_ours_or_where_nothing_is(clinic: Clinic) -> None:
    for domain, relations in DECLARED.items():
        clinic.run(f"DROP SCHEMA IF EXISTS {domain} CASCADE")
        assert clinic.examine(domain) == []
        clinic.run(write_ddl(domain, relations))
        clinic.run(f"GRANT USAGE ON SCHEMA {domain} TO {clinic.login}")
        clinic.run(f"GRANT SELECT ON ALL TABLES IN SCHEMA {domain} TO {clinic.login}")
    assert clinic.examine(*DECLARED) == []
