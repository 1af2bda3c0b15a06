"""The database of an app that exists, and a login that owns nothing in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypeVar

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from trc_pipelines.database.adapters import find_adapter
from trc_pipelines.database.migrations import create_engine, migrate
from trc_pipelines.database.statements import read_file
from trc_pipelines.domains import Catalogue, load_domains
from trc_pipelines.jobs.contract import Job
from trc_pipelines.settings import load_settings
from trc_pipelines_tests.databases import PooledDatabase, close_connections
from trc_pipelines_tests.servers import create_database, drop_database
from trc_pipelines_tests.world import World

OWNER, LOGIN = "test_app", "test_guest"
ROLES = "".join(
    f"DO $$ BEGIN CREATE ROLE {name} LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation "
    "THEN NULL; END $$;"
    for name in (OWNER, LOGIN)
)


class AttachedApp(World):
    """An app's own tables, and the domain that is attached to them. What `execute` does, the app does.

    Attributes:
        first_day: the first day of what is in them.
        admin_url: the same database, for who may do everything.
    """

    first_day: date
    admin_url: str

    def __init__(self, owner_url: str, login_url: str, name: str, home: Path) -> None:
        settings = load_settings(
            trc_home=home, database_url=login_url, community_start_on=self.first_day
        )
        super().__init__(PooledDatabase(login_url), settings, None)
        self.owner_url = owner_url
        self.adapter = find_adapter(name)
        self.catalogue = Catalogue(load_domains([self.adapter.domain]))

    def execute(self, sql: str) -> None:
        """Do what the app does, as who owns its tables."""
        run_as(self.owner_url, sql)

    def theirs(self, sql: str) -> list[tuple]:
        """Rows that the app sees in its own tables."""
        engine = create_engine(self.owner_url)
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.execute(sa.text(sql))]
        engine.dispose()
        return rows

    def job(self, name: str) -> Job:
        """A job of the domain, without the steps of other domains."""
        return next(job for job in self.catalogue.jobs if job.name == name)

    def write_back(self) -> Job:
        """Switch write-backs on, with the rights that the head of the adapter's ports asks for."""
        self.settings = self.settings.model_copy(update={"write_back": (self.adapter.domain,)})
        self.catalogue = replace(self.catalogue, written_back=self.settings.write_back)
        self.execute(rights_of(self.adapter.name, "ports"))
        return self.job("write_back")

    def differences(self, statement: str, view: str) -> pd.DataFrame:
        """What `trc compare` finds between what the app shows, through an operator's view, and ours."""
        name = view.split()[0]
        run_as(self.database.url, f"CREATE OR REPLACE VIEW {view}")
        try:
            with self.database.transaction(commit=False) as transaction:
                return transaction.read(statement)
        finally:
            run_as(self.database.url, f"DROP VIEW {name}")

    def broken(self) -> dict[str, str]:
        """The checks that fail, with what they found."""
        with self.database.transaction(commit=False) as transaction:
            found = {
                check.name: check.find_violations(transaction) for check in self.catalogue.checks
            }
        return {name: rows.to_string() for name, rows in found.items() if not rows.empty}

    def app_state(self) -> list[tuple]:
        """What the app's own migrations look at: its relations, columns, indexes and triggers."""
        return list(self.query(APP_STATE).itertuples(index=False, name=None))


App = TypeVar("App", bound=AttachedApp)
APP_STATE = """
SELECT c.oid::text, c.relname::text, c.relkind::text, a.attname::text, a.atttypid::text, a.attnotnull::text
FROM pg_class AS c LEFT JOIN pg_attribute AS a ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT t.oid::text, t.tgname::text, t.tgrelid::text, t.tgenabled::text, '', '' FROM pg_trigger AS t
WHERE t.tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
ORDER BY 1, 4, 2"""


@contextmanager
def attach_app(kind: type[App], server: str, name: str, home: Path, *files: Path) -> Iterator[App]:
    """Make the app's tables and what is in them, of files, and attach a login that owns nothing."""
    admin = create_database(server, template="template1")
    target = make_url(admin)
    owner, login = (
        target.set(username=role).render_as_string(hide_password=False) for role in (OWNER, LOGIN)
    )
    # A server far away from UTC: what the app stores without a zone is UTC nevertheless.
    run_as(
        admin,
        f"{ROLES} GRANT CREATE ON DATABASE {target.database} TO {LOGIN}; GRANT trc_owner TO {LOGIN};"
        f"ALTER DATABASE {target.database} SET TimeZone = 'America/St_Johns';"
        f"GRANT CREATE ON SCHEMA public TO {OWNER};",
    )
    for file in files:
        run_as(owner, file.read_text())
    run_as(owner, rights_of(name))
    app = kind(owner, login, name, home)
    app.admin_url = admin
    before = app.app_state()
    migrate(login, [app.adapter.domain], attach=app.adapter)
    assert app.app_state() == before
    yield app
    for url in (login, owner, admin):
        close_connections(url)
    drop_database(admin)


def rights_of(name: str, file: str = "views") -> str:
    """What the head of its views says the owner of the app's tables runs, or that of its ports."""
    lines = re.findall(r"^--   (.+;)$", read_file(f"{find_adapter(name).folder}/{file}"), re.M)
    return "".join(lines).replace("<login>", LOGIN)


def run_as(url: str, sql: str) -> None:
    """Run any number of statements."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(sql, execution_options={"no_parameters": True})
    engine.dispose()
