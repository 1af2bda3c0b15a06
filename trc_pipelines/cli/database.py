"""`trc db`: which database is used, its schema, and psql on it."""

import os
import shutil
import signal
import subprocess
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from trc_pipelines.cli.doctor import (
    count_errors,
    find,
    require_fitting_apps,
    summarise,
    tell_findings,
)
from trc_pipelines.cli.installation import open_installation, prepare_databases
from trc_pipelines.cli.output import AsJson, print_json, say
from trc_pipelines.cli.services import ServiceError
from trc_pipelines.database.adapters import find_adapter
from trc_pipelines.database.embedded import client_program
from trc_pipelines.database.migrations import (
    MigrationError,
    changed_views,
    detach,
    pending_migrations,
)
from trc_pipelines.database.urls import libpq_url
from trc_pipelines.jobs.contract import JobError

app = typer.Typer(rich_markup_mode=None)


@app.command(
    "migrate", epilog="Example: DATABASE_URL=postgresql://user:password@host/trc trc db migrate"
)
def migrate_database() -> None:
    """Bring the schema up to date.

    Creates what is missing, in Dagster's own database too. Apps are examined first, as by `trc
    doctor`: with errors nothing is applied.
    """
    with open_installation(begins=True) as installation:
        require_fitting_apps(installation)
        applied = prepare_databases(installation)
    say(f"applied {', '.join(applied)}" if applied else "up to date, nothing to apply")


AdapterName = Annotated[str, typer.Argument(metavar="APP", help="A folder of sql/adapters.")]


@app.command("attach", epilog="Example: trc db attach quizz-app")
def attach_adapter(name: AdapterName) -> None:
    """Put views over an app in place of our tables.

    What jobs write goes through its ports. Our tables have to be empty, or not there yet: attach
    before you migrate, or right after it. Nothing in the app's own tables is changed. Each later
    `trc db migrate` applies what has changed in the adapter. Jobs that are running are waited for,
    half a minute at most.

    Then the app is examined as by `trc doctor`, with its exit code: it stays attached all the same.
    """
    adapter = find_adapter(name)
    with open_installation(adapter.domain, begins=True) as installation:
        prepare_databases(installation, attach=adapter)
        say(f"{adapter.domain} is attached to {name}")
        tell_findings(installation)


@app.command("detach", epilog="Example: trc db detach quizz-app")
def detach_adapter(name: AdapterName) -> None:
    """Put empty tables in place of its views.

    The app's migrations cannot change the type of a column that a view reads: stop trc up, detach,
    migrate the app, attach again, start it. No job must run in between, for it would find empty
    tables; while one is running, nothing is detached. What the jobs wrote into their own tables stays.
    """
    adapter = find_adapter(name)
    with open_installation() as installation:
        detach(installation.database.direct.url, adapter)
    say(f"{adapter.domain} is detached from {name}")


@app.command("status", epilog="Example: trc db status")
def show_status(as_json: AsJson = False) -> None:
    """Show the database, and what is pending on it.

    Which it is, which migrations are pending, and whether the apps' tables fit. The exit code is 1
    when some are pending, or when there are errors that `trc doctor` lists.
    """
    with open_installation() as installation:
        url = make_url(installation.database.url).render_as_string(hide_password=True)
        url_domains = installation.database.direct.url, installation.settings.domains
        pending = pending_migrations(*url_domains) or changed_views(*url_domains)
        findings = find(installation)
    if as_json:
        print_json(
            {"url": url, "embedded": installation.is_embedded, "pending": pending}
            | {"errors": count_errors(findings), "warnings": len(findings) - count_errors(findings)}
        )
    else:
        say(f"{url}{' (embedded)' if installation.is_embedded else ''}")
    if pending:
        wrong = f"; {summarise(findings)}" if count_errors(findings) else ""
        raise MigrationError(f"pending: {', '.join(pending)}; run: trc db migrate{wrong}")
    if count_errors(findings):
        raise JobError(summarise(findings))
    if not as_json:
        say(f"up to date; {summarise(findings)}")


@app.command(
    "shell",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog='Example: trc db shell -c "SELECT * FROM community.current_streaks LIMIT 5"',
)
def open_shell(context: typer.Context) -> None:
    """Open psql on the database. Further options are passed on to it."""
    with open_installation() as installation:
        psql = str(client_program("psql")) if installation.is_embedded else shutil.which("psql")
        if psql is None:
            raise ServiceError("psql is not installed here; install PostgreSQL's client programs")
        url = make_url(installation.database.direct.url)
        # Other users of the machine see arguments, but not the environment. A user in the URL would be
        # stronger than a person's own -U.
        login = {"PGUSER": url.username, "PGPASSWORD": url.password}
        # Ctrl-C is for psql, which interrupts a query with it. A handler, and not SIG_IGN, which
        # psql would inherit.
        signal.signal(signal.SIGINT, lambda *_: None)
        code = subprocess.call(  # noqa: S603
            [
                psql,
                libpq_url(url._replace(username=None, password=None).render_as_string()),
                *context.args,
            ],
            env={**os.environ, **{name: str(value) for name, value in login.items() if value}},
        )
    raise typer.Exit(code)
