"""The trc command: options, help and errors. Each command opens what it needs and says what it did.

Errors that were foreseen are one line on stderr: exit code 1, or 2 when the command line itself is
wrong. Anything else is a bug and keeps its traceback.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from trc_pipelines.cli.output import (
    AsJson,
    Format,
    hint,
    print_json,
    say,
    track,
)
from trc_pipelines.names import clean_name
from trc_pipelines.words import counted, list_figures

if TYPE_CHECKING:
    import pandas as pd

    from trc_pipelines.cli.installation import Installation
    from trc_pipelines.cli.runs import Outcome
    from trc_pipelines.jobs.contract import Job
    from trc_pipelines.jobs.execution import Rows

# `trc --help` and a shell that completes must not wait: pandas, SQLAlchemy and Dagster take seconds,
# so whatever needs them is imported by the command that does.

MAX_LINE_LENGTH = 500
INTERRUPTED = 128 + signal.SIGINT


def commands_of(module: str, name: str = "app") -> type[TyperGroup]:
    """Make a group whose commands are imported when somebody asks for them."""

    class Group(TyperGroup):
        @property
        def commands(self) -> Any:
            loaded = getattr(import_module(f"trc_pipelines.cli.{module}"), name)
            return typer.main.get_group(loaded).commands

        @commands.setter
        def commands(self, _none_yet: Any) -> None:
            pass

    return Group


def _add_group(cls: type[TyperGroup], name: str, about: str) -> None:
    app.add_typer(typer.Typer(cls=cls, rich_markup_mode=None), name=name, help=about)


app = typer.Typer(
    name="trc",
    help="Community pipelines: Discord XP becomes points, streaks and leaderboards.\n\n"
    "To look around, start: trc demo",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_add_group(commands_of("database"), "db", "The database: migrate, status, shell …")
_add_group(commands_of("snapshots"), "snapshots", "Readings that wait for a decision.")
# The last module that adds commands to the group.
_add_group(commands_of("people"), "members", "Members, and what is stored of them.")
_add_group(commands_of("money", "games_app"), "games", "Games that were settled: resettle.")
_add_group(commands_of("money", "bankroll_app"), "bankroll", "Bankrolls: adjust, restore.")


ReadOnlyPort = Annotated[
    int | None,
    typer.Option(
        min=1, max=65535, metavar="PORT", help="A second UI there, which refuses every change."
    ),
]


def main() -> None:
    """Run the console script."""
    # Whoever stops us wants what Ctrl-C does: everything we started ends with us. SIGINT is named
    # because a shell's "&" ignores it, and Dagster then makes SIGTERM the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        code = _run()
    # Around everything: also the words for an error are loaded, and may be interrupted.
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    # From here on there is nothing to roll back: a second Ctrl-C ends it, without a word.
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    sys.exit(code)


def _run() -> int:
    code: int
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="trc", standalone_mode=False)
    except TyperException as error:
        code = _complain(f"{error.format_message().rstrip('.')}. See: trc --help", error.exit_code)
    except Exception as error:
        code = _complain(_explain(error), 1)
    return code


def _explain(error: Exception) -> str:
    """Say in a line what was foreseen. Anything else is a bug, and is raised again."""
    from trc_pipelines.cli import errors

    if isinstance(error, errors.IN_LINES):
        return str(error)
    if isinstance(error, errors.FORESEEN):
        return " ".join(str(error).split())
    raise error


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        say(f"trc {version('trc_pipelines')}")
        raise typer.Exit


@app.callback()
def trc(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Community pipelines: Discord XP becomes points, streaks and leaderboards.

    To look around, start: trc demo
    """


@app.command(epilog="Example: MEE6_GUILD_ID=123456789012345678 trc up")
def up(
    read_only_port: ReadOnlyPort = None,
) -> None:
    """Run everything against your guild.

    That is the database, the code, the schedules and the Dagster UI. Needs MEE6_GUILD_ID where the
    community runs. Runs until Ctrl-C. A second start continues where the first one stopped.
    """
    from trc_pipelines.cli.doctor import require_fitting_apps
    from trc_pipelines.cli.hosts import require_one_host
    from trc_pipelines.cli.installation import (
        make_home,
        open_installation,
        prepare_databases,
        require_guild,
        require_home,
    )
    from trc_pipelines.cli.members import say_how_to_begin
    from trc_pipelines.cli.services import hold_home, require_port
    from trc_pipelines.settings import SettingsError, default_home, load_settings

    settings = load_settings()
    require_one_host(settings)
    if "community" in settings.domains:
        require_guild(settings)
    if settings.trc_home == default_home("demo"):
        raise SettingsError(
            "TRC_HOME: is the demo's; without a guild nothing else tells its data from yours. "
            f"It accepts a folder of yours, as {default_home('live')}"
        )
    if read_only_port is not None:
        require_port(read_only_port)
    require_home(settings, begins=True)
    with hold_home(make_home(settings)) as lock, open_installation(begins=True) as installation:
        require_fitting_apps(installation)
        prepare_databases(installation)
        if "community" in settings.domains:
            say_how_to_begin(installation)
        _serve(installation, lock, read_only_port)


@app.command(
    epilog="Example: RUN_LAUNCHER=celery CELERY_BROKER_URL=redis://broker:6379/0 trc control"
)
def control(
    read_only_port: ReadOnlyPort = None,
) -> None:
    """Run everything but runs, for other hosts.

    That is the code, the schedules and the Dagster UI, as `trc up` runs them. RUN_LAUNCHER says who
    executes runs: workers on any host (celery, `trc worker`), or containers (docker, kubernetes).
    Needs a database and a store of media that every host reaches. Changes no schema: trc db migrate
    does. Runs until Ctrl-C. One control for each database: a second is refused, and told who is first.
    """
    from trc_pipelines.cli.doctor import require_fitting_apps
    from trc_pipelines.cli.hosts import require_many_hosts, require_same_clock, write_agreements
    from trc_pipelines.cli.installation import (
        make_home,
        open_installation,
        require_guild,
        require_home,
        require_schema,
    )
    from trc_pipelines.cli.services import hold_home, require_port
    from trc_pipelines.settings import load_settings

    settings = load_settings()
    require_many_hosts(settings, "trc control")
    if "community" in settings.domains:
        require_guild(settings)
    if read_only_port is not None:
        require_port(read_only_port)
    require_home(settings, begins=True)
    with hold_home(make_home(settings)) as lock, open_installation(begins=True) as installation:
        require_schema(installation)
        require_same_clock(installation)
        require_fitting_apps(installation)
        _serve(installation, lock, read_only_port, begin=lambda: write_agreements(installation))


@app.command(epilog="Examples: trc worker | trc worker --queue heavy --slots 1")
def worker(
    queue: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take runs of this queue, those with the tag dagster-celery/queue. "
            "Default: CELERY_QUEUE.",
        ),
    ] = None,
    slots: Annotated[
        int, typer.Option(min=1, metavar="N", help="Execute at most so many runs at once.")
    ] = 4,
) -> None:
    """Execute runs that a control queues.

    For RUN_LAUNCHER=celery; any number, on any host, with the settings of the control. One that differs
    in what changes results (COMMUNITY_START_ON, the guild, versions …) is refused, and told in what.

    Ctrl-C or SIGTERM interrupts what it runs: it is rolled back and recorded, and the worker is gone
    within seconds; the next tick takes over what is left. SIGQUIT drains: it takes no further run,
    finishes those it has, and leaves.
    """
    from trc_pipelines.cli.hosts import (
        require_agreement,
        require_many_hosts,
        require_same_clock,
        start_worker,
    )
    from trc_pipelines.cli.installation import (
        make_home,
        open_installation,
        require_home,
        require_schema,
    )
    from trc_pipelines.settings import load_settings

    settings = load_settings()
    require_many_hosts(settings, "trc worker")
    require_home(settings, begins=True)
    make_home(settings)
    with open_installation(begins=True) as installation:
        require_schema(installation)
        require_same_clock(installation)
        require_agreement(installation)
    start_worker(settings.trc_home, queue or settings.celery_queue, slots)


@app.command(epilog="Example: trc demo")
def demo() -> None:
    """Play a made-up guild, then run everything.

    Three weeks of it go through the real pipeline first. Nothing leaves this machine. A second start
    plays only what was missed.
    """
    from trc_pipelines.cli.demo import open_demo, say_what_to_try
    from trc_pipelines.cli.hosts import require_one_host
    from trc_pipelines.cli.installation import make_home, require_home
    from trc_pipelines.cli.services import hold_home
    from trc_pipelines.settings import load_settings

    settings = load_settings()
    require_one_host(settings)
    require_home(settings, begins=True)
    with hold_home(make_home(settings)) as lock, open_demo(settings) as (installation, finish):
        say_more = partial(say_what_to_try, installation)
        _serve(installation, lock, meanwhile=finish, say_more=say_more)


@app.command(epilog="Example: trc jobs")
def jobs(as_json: AsJson = False) -> None:
    """List the jobs, and when each runs.

    With its last success and next run. The cadence is a cron expression, times are UTC. Says so
    when nothing will start them.
    """
    from trc_pipelines.cli.jobs import find_jobs, show_jobs

    listed, is_started = find_jobs()
    if as_json:
        print_json(listed)
    else:
        show_jobs(listed, is_started=is_started)


@app.command(epilog="Example: trc boards")
def boards() -> None:
    """Show leaderboards and streaks, with names.

    As last computed. While nobody has points yet: by XP, as last read.
    """
    from trc_pipelines.cli.boards import show_boards
    from trc_pipelines.cli.installation import open_installation, require_schema

    with open_installation("community") as installation:
        require_schema(installation)
        show_boards(installation)


@app.command(
    epilog="Examples: trc run mee6_sync --dry-run | trc run all | "
    "trc run daily_streaks --as-of 2026-01-31 | "
    "trc run game_settlement --dry-run --changes --format csv"
)
def run(
    job_name: Annotated[
        str,
        typer.Argument(
            metavar="JOB",
            help="A job of `trc jobs`; or all: expiration, settlement, statistics and badges.",
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Do everything, show the figures, roll everything back."),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Change at most so many units, oldest first.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show every figure.")] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Logical time, as 2026-01-31T10:15:00Z, or a day: its first moment, 00:00 UTC. "
            "Default: now.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Do not ask before a job that asks.")
    ] = False,
    as_json: AsJson = False,
    changes: Annotated[
        bool,
        typer.Option(
            "--changes", help="With --dry-run: every row that would change, before and after."
        ),
    ] = False,
    form: Annotated[
        Format, typer.Option("--format", help="How --changes prints rows.")
    ] = Format.TABLE,
) -> None:
    """Run a job now, or rehearse it.

    It shows in the Dagster UI like a scheduled one. A dry run shows nowhere. After Ctrl-C what was
    open is rolled back.
    """
    from trc_pipelines.cli.changes import MOST_ROWS, show_changes
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.domains import read_catalogue
    from trc_pipelines.jobs.contract import JobError, parse_moment
    from trc_pipelines.jobs.execution import Rows
    from trc_pipelines.settings import load_settings

    catalogue = read_catalogue(load_settings())
    by_name = {job.name: [job] for job in catalogue.jobs} | {"all": catalogue.run_all}
    if job_name not in by_name:
        raise typer.BadParameter(
            f"there is no job {job_name!r}; it accepts {', '.join(by_name)}", param_hint="JOB"
        )
    chosen = by_name[job_name]
    if limit is not None and len(chosen) > 1:
        raise typer.BadParameter(
            f"{limit} of what? Each job counts something else; it accepts one job at a time",
            param_hint="--limit",
        )
    if changes and not dry_run:
        raise typer.BadParameter("it accepts dry runs only: add --dry-run", param_hint="--changes")
    try:
        moment = (
            parse_moment(as_of) if as_of is not None else datetime.now(UTC).replace(microsecond=0)
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--as-of") from error
    for job in chosen:
        if job.question and not (force or dry_run):
            _ask(job.name, job.question)
    with open_installation() as installation:
        require_schema(installation)
        outcomes, listed = [], []
        for outcome, rows_of_job in _run_each(
            installation,
            chosen,
            moment,
            limit,
            Rows(catalogue.tables_written_by, MOST_ROWS[form]) if changes else None,
            dry_run=dry_run,
            verbose=verbose,
        ):
            outcomes.append(outcome)
            if rows_of_job is not None:
                listed.append(rows_of_job.assign(job=outcome.job))
            if not (as_json or (changes and form != Format.TABLE)):
                _show_outcome(outcome, verbose=verbose)
    if listed:
        import pandas as pd

        show_changes(pd.concat(listed, ignore_index=True), form)
    elif as_json:
        lines = [asdict(outcome) for outcome in outcomes]
        print_json(lines if job_name == "all" else lines[0])
    failed = [outcome for outcome in outcomes if not outcome.success]
    if failed:
        said = "; ".join(f"{one.job} did not succeed: {one.message}" for one in failed)
        if any(one.interrupted for one in failed):
            _complain(said, INTERRUPTED)
            raise typer.Exit(INTERRUPTED)
        raise JobError(said)


def _run_each(
    installation: "Installation",
    jobs: "Sequence[Job]",
    moment: datetime,
    limit: int | None,
    rows: "Rows | None",
    *,
    dry_run: bool,
    verbose: bool,
) -> "Iterator[tuple[Outcome, pd.DataFrame | None]]":
    """Run the jobs one after the other, and tell who waits which step it is."""
    from trc_pipelines.cli.runs import dry_run as rehearse
    from trc_pipelines.cli.runs import run_job, tell_steps

    if dry_run:
        with tell_steps(jobs):
            rehearsed = list(rehearse(installation, jobs, moment, limit, rows))
        yield from rehearsed
        return
    for job in jobs:
        with tell_steps([job]):
            outcome = run_job(installation, job, moment, limit, verbose=verbose)
        yield outcome, None


def _ask(job_name: str, question: str) -> None:
    """Have a person agree, in so many words.

    Raises:
        JobError: nobody is there to ask, or the answer is not yes.
    """
    from trc_pipelines.jobs.contract import JobError

    if not sys.stdin.isatty():
        raise JobError(
            f"{question} Nobody is here to say yes, so nothing was done. "
            f"To run it all the same: trc run {job_name} --force"
        )
    try:
        answer = typer.prompt(f"{question} Type yes to go on", default="", show_default=False)
    except typer.Abort as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):
            raise
        answer = ""  # Ctrl-D: an answer, and no yes
    if answer.strip() != "yes":
        raise JobError(
            f"the answer was {clean_name(answer)!r}, not yes: {job_name} was not run, nothing was changed"
        )


def _show_outcome(outcome: "Outcome", *, verbose: bool) -> None:
    for table, message in outcome.messages.items():
        say(f"{table}: {message}")
        if verbose and (figures := outcome.details.get(table)):
            say(f"    {list_figures(figures)}")
    took = f"{outcome.duration_ms / 1000:.1f} s, run {outcome.run_id}"
    when = f"{outcome.job} as of {outcome.as_of:%Y-%m-%d %H:%M:%S}Z"
    if outcome.dry_run:
        say(f"Dry run of {when}, rolled back ({took})")
    elif outcome.success:
        say(f"{when} {'was skipped' if outcome.skipped else 'succeeded'} ({took})")


@app.command(epilog="Example: trc verify")
def verify(as_json: AsJson = False) -> None:
    """Check every invariant against the tables.

    The exit code is 1 when one does not hold. What is found is kept: an incident of a check is over
    once this finds that it holds again.
    """
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.domains import read_catalogue
    from trc_pipelines.jobs.contract import JobError

    with open_installation() as installation:
        require_schema(installation)
        rows = []
        checks = read_catalogue(installation.settings).checks
        for check in track(checks, len(checks), "Checking"):
            with installation.database.transaction() as transaction:
                found = check.evaluate(transaction, datetime.now(UTC))
            first = {} if found.empty else found.astype("str").iloc[0].to_dict()
            rows.append(
                {"table": check.table, "check": check.name, "violations": len(found)}
                | {"first": first, "description": check.description}
            )
            sentence = f"{check.table}: {check.name}"
            if not as_json:
                broken = f"BROKEN {sentence}: {list_figures(first)}"
                say(f"holds  {sentence}" if found.empty else broken)
    if as_json:
        print_json(rows)
    wrong = [row for row in rows if row["violations"]]
    if wrong:
        raise JobError(
            f"{len(wrong)} of {counted(len(rows), 'checks')} broken, first {wrong[0]['check']}: "
            f"{wrong[0]['description']}"
        )


@app.command(epilog="Examples: trc doctor | trc doctor --template quiz > views.sql")
def doctor(
    template: Annotated[
        str | None,
        typer.Option(
            metavar="DOMAIN",
            help="Print a view for each relation of a domain, as a form to fill in, and examine nothing.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Examine the apps' tables and views.

    Every column, type, value, key, right and index the jobs need. Lists everything that does not fit
    at once, each with the SQL that mends it and who has to run it. Nothing is changed. The exit code
    is 1 when there are errors. Run it after you made views over your app, and before each deployment
    of the app. `trc db migrate` and `trc up` ask it first.

    Errors stop the jobs or make them wrong. Warnings are yours to judge.
    """
    from trc_pipelines.cli.doctor import show_findings

    show_findings(template, as_json=as_json)


@app.command(
    epilog="Examples: trc report --open | trc report --day 2026-11-18 | trc report --domain quiz"
)
def report(
    day: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="The page of a day, as 2026-11-18."),
    ] = None,
    domain: Annotated[
        str | None, typer.Option(metavar="DOMAIN", help="Charts of this domain alone, made now.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Write the page with the charts of the day.

    One file without script or request, made now; with --day the one that is kept of a day, or where
    none is one that is made from what is known now. The command says where it is.
    """
    from trc_pipelines.cli.report import show_report

    show_report(day, domain, open_it=open_it)


@app.command(epilog="Example: trc compare community --format csv")
def compare(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="community, quiz or betting.")],
    form: Annotated[Format, typer.Option("--format", help="How differences are printed.")] = (
        Format.TABLE
    ),
) -> None:
    """Compare our tables with what the app shows.

    Member by member. Nothing is written. Reads views of the app's own columns that you make once;
    while one is missing, it says how. The exit code is 1 when something differs.
    """
    from trc_pipelines.cli.changes import compare_domain
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.domains import read_catalogue
    from trc_pipelines.settings import load_settings

    catalogue = read_catalogue(load_settings())
    chosen = [one for one in catalogue.domains if one.name == domain]
    if not chosen:
        names = ", ".join(one.name for one in catalogue.domains)
        raise typer.BadParameter(
            f"there is no domain {domain!r}; it accepts {names}", param_hint="DOMAIN"
        )
    with open_installation(domain) as installation:
        require_schema(installation)
        if compare_domain(installation.database, chosen[0], form):
            raise typer.Exit(1)


@app.command(epilog="Example: trc health || systemctl restart trc")
def health(
    of_worker: Annotated[
        bool, typer.Option("--worker", help="Only what a worker needs: database and schema.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say in one line whether everything is well.

    For supervisors and probes. The exit code is 1 when it is not. Looks at the database, its schema,
    Dagster's daemon, late or failing jobs, and alerts that are not delivered: what a restart may
    mend. What waits for a person is shown by `trc status`. Takes a few seconds at most, and starts
    nothing.
    """
    from trc_pipelines.cli.health import describe, probe
    from trc_pipelines.settings import load_settings

    findings = probe(load_settings(), of_worker=of_worker)
    wrong = [finding for finding in findings if not finding.is_well]
    if as_json:
        print_json(describe(findings))
    else:
        shown = wrong or findings
        said = "; ".join(f"{finding.part}: {finding.message}" for finding in shown)
        say(f"{'not well' if wrong else 'well'}: {clean_name(said, MAX_LINE_LENGTH)}")
    if wrong:
        raise typer.Exit(1)


@app.command(epilog="Example: trc status")
def status(as_json: AsJson = False) -> None:
    """Show how everything stands.

    What runs, the age of the last good reading, late and failing jobs, open incidents, readings that
    wait for a decision, alerts that are not delivered. Starts nothing.

    The exit code is 0 when all is well, and 1 when something needs a look: what `trc health` says,
    for supervisors, and also what waits for a person, which no restart mends.
    """
    from trc_pipelines.cli.health import describe
    from trc_pipelines.cli.status import find_status, show_status
    from trc_pipelines.settings import load_settings

    findings = find_status(load_settings())
    if as_json:
        print_json(describe(findings))
    else:
        show_status(findings)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


@app.command(epilog="Example: trc capacity")
def capacity(as_json: AsJson = False) -> None:
    """Show what is used, and what ends first.

    From the history of this installation: what runs took of the time between two of them, how tables
    grow, connections; and at how many times of what is done now each ends. docs/capacity.md says
    what to do then.
    """
    from trc_pipelines.cli.capacity import find_capacity, show_capacity
    from trc_pipelines.cli.installation import open_installation, require_schema

    with open_installation() as installation:
        require_schema(installation)
        found = find_capacity(installation)
    if as_json:
        print_json(found)
    else:
        show_capacity(found)


@app.command(epilog="Example: trc incidents --all")
def incidents(
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Those that are over as well, as long as they are kept.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what is wrong, and what to do.

    With since when it is so: quarantines, checks that do not hold, jobs that are late or fail.
    """
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.cli.status import find_incidents, show_incidents

    with open_installation() as installation:
        require_schema(installation)
        with installation.database.transaction(commit=False) as transaction:
            found = find_incidents(transaction, all_of_them=all_of_them)
    if as_json:
        print_json(found)
    else:
        show_incidents(found)


def _serve(
    installation: "Installation",
    lock: IO[str],
    read_only_port: int | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    say_more: Callable[[], None] = lambda: None,
    begin: Callable[[], None] = lambda: None,
) -> None:
    """Run the services until Ctrl-C or SIGTERM.

    Args:
        meanwhile: is done while the code loads, before a schedule runs.
        begin: is done by who is the only one to do it, before the services start.
    """
    from trc_pipelines.cli.report import newest_page
    from trc_pipelines.cli.services import first_free_port, run_services
    from trc_pipelines.cli.sole_daemon import be_the_sole_daemon

    wanted = installation.settings.webserver_port
    port = first_free_port(wanted)
    if port != wanted:
        say(f"Port {wanted} is busy; the UI takes {port}.")
    say("Starting the Dagster UI and the schedules …")
    home, host = installation.settings.trc_home, installation.settings.webserver_host
    with ExitStack() as stack:
        daemon = stack.enter_context(be_the_sole_daemon(installation.database))
        begin()
        services = stack.enter_context(
            run_services(
                home, lock, installation.environment, port, read_only_port, host, meanwhile
            )
        )
        say(f"\n    http://{host}:{port}")
        if read_only_port is not None:
            say(f"    http://{host}:{read_only_port} (to look, not to touch)")
        page = newest_page(installation)
        say(f"\nThe report of the day: {page.as_uri() if page else 'trc report --open'}")
        say(
            "Open the UI and look at Lineage, or at Runs. In another terminal: trc status, trc jobs,"
        )
        say(f"trc db shell. Logs are in {home / 'logs'}. Ctrl-C stops everything.")
        say_more()
        try:
            while True:
                services.check()
                daemon.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            say("Stopping …")
    say("Stopped.")


def _complain(message: str, code: int) -> int:
    # A message may repeat what was typed, or a reason that somebody gave: hostile text.
    lines = [clean_name(line, MAX_LINE_LENGTH) for line in message.split("\n")]
    hint("trc: " + "\n".join(lines))
    return code
