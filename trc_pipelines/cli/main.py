"""The trc command: options, help and errors. Each command opens what it needs and says what it did.

Errors that were foreseen are one line on stderr: exit code 1, or 2 when the command line itself is
wrong. Anything else is a bug and keeps its traceback.
"""

import signal
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Annotated

import pandas as pd
import typer
from cronsim import CronSim
from typer.exceptions import TyperException

from trc_pipelines.cli import database, members, money, people, snapshots
from trc_pipelines.cli.boards import show_boards
from trc_pipelines.cli.doctor import require_fitting_apps, show_findings
from trc_pipelines.cli.health import probe
from trc_pipelines.cli.installation import (
    Installation,
    make_home,
    open_installation,
    prepare_databases,
    require_guild,
    require_schema,
)
from trc_pipelines.cli.output import AsJson, Format, print_json, print_table, say
from trc_pipelines.cli.report import newest_page, show_report
from trc_pipelines.cli.services import (
    ServiceError,
    first_free_port,
    hold_home,
    run_services,
)
from trc_pipelines.database.adapters import AdapterError
from trc_pipelines.database.connection import DatabaseError
from trc_pipelines.database.embedded import EmbeddedServerError
from trc_pipelines.database.migrations import MigrationError
from trc_pipelines.database.rights import RightsError
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import JobError, parse_moment
from trc_pipelines.names import clean_name
from trc_pipelines.settings import SettingsError, default_home, load_settings

if TYPE_CHECKING:
    from trc_pipelines.cli.runs import Outcome

# Imports of Dagster stay inside the commands that need it: it takes seconds.

FORESEEN = (
    SettingsError,
    JobError,
    DatabaseError,
    AdapterError,
    MigrationError,
    EmbeddedServerError,
    ServiceError,
)

MAX_LINE_LENGTH = 500

app = typer.Typer(
    name="trc",
    help="Community pipelines: Discord XP becomes points, streaks and leaderboards.\n\n"
    "To look around, start: trc demo",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(database.app, name="db", help="The database: migrate, status, shell.")
app.add_typer(
    snapshots.app,
    name="snapshots",
    help="Quarantined readings of the leaderboard: list, show, approve, rebaseline, discard.",
)
app.add_typer(
    people.app,
    name="members",
    help="Who is a member where no app says so: import, enroll, list, remove; export, erase.",
)
app.add_typer(money.games_app, name="games", help="Games that were settled: resettle.")
app.add_typer(
    money.bankroll_app, name="bankroll", help="Bankrolls of the betting app: adjust, restore."
)
app.command("doctor", epilog="Examples: trc doctor | trc doctor --template quiz > views.sql")(
    show_findings
)
app.command(
    "report",
    epilog="Examples: trc report --open | trc report --day 2026-11-18 | trc report --domain quiz",
)(show_report)


def main() -> None:
    """Run the console script."""
    # Whoever stops us wants what Ctrl-C does: everything we started ends with us. SIGINT is named
    # because a shell's "&" ignores it, and Dagster then makes SIGTERM the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="trc", standalone_mode=False)
    except TyperException as error:
        code = _complain(f"{error.format_message().rstrip('.')}. See: trc --help", error.exit_code)
    except (SettingsError, RightsError) as error:
        code = _complain(str(error), 1)  # one line for each setting, or right
    except FORESEEN as error:
        code = _complain(" ".join(str(error).split()), 1)
    sys.exit(code)


@app.command(epilog="Example: MEE6_GUILD_ID=123456789012345678 trc up")
def up() -> None:
    """Run everything against your guild: database, code, schedules and the Dagster UI.

    Needs MEE6_GUILD_ID where the community runs. Runs until Ctrl-C. A second start continues where
    the first one stopped.
    """
    settings = load_settings()
    if "community" in settings.domains:
        require_guild(settings)
    if settings.trc_home == default_home("demo"):
        raise SettingsError(
            "TRC_HOME: is the demo's; without a guild nothing else tells its data from yours. "
            f"It accepts a folder of yours, as {default_home('live')}"
        )
    with hold_home(make_home(settings)) as lock, open_installation() as installation:
        require_fitting_apps(installation)
        prepare_databases(installation)
        if "community" in settings.domains:
            members.say_how_to_begin(installation)
        _serve(installation, lock)


@app.command(epilog="Example: trc demo")
def demo() -> None:
    """Play three weeks of a made-up guild through the real pipeline, then run everything as `up`.

    Nothing leaves this machine. A second start plays only what was missed.
    """
    from trc_pipelines.cli.demo import open_demo

    settings = load_settings()
    with hold_home(make_home(settings)) as lock, open_demo(settings) as installation:
        _serve(installation, lock)


@app.command(epilog="Example: trc jobs")
def jobs(as_json: AsJson = False) -> None:
    """List the jobs: cadence (cron, UTC), last success, next run."""
    with open_installation() as installation:
        require_schema(installation)
        settings = installation.settings
        with installation.database.transaction(commit=False) as transaction:
            executions = transaction.read("cli/select_last_successes")
    last = dict(zip(executions["job_name"], executions["last_success_at"], strict=True))
    now = datetime.now(UTC)
    rows = [
        {
            "job": job.name,
            "cadence": job.cron,
            "last_success": last.get(job.name),
            "next_run": next(CronSim(job.cron, now))
            if job.cron and job.is_enabled(settings)
            else None,
            "description": job.description,
        }
        for job in read_catalogue(settings).jobs
    ]
    if as_json:
        print_json(rows)
        return
    frame = pd.DataFrame(rows).drop(columns="description")
    for column in ("last_success", "next_run"):
        times = pd.to_datetime(frame[column], utc=True)
        frame[column] = times.dt.strftime("%Y-%m-%d %H:%M")
    frame["last_success"] = frame["last_success"].fillna("never")
    frame["next_run"] = frame["next_run"].fillna("switched off")
    print_table("Jobs (times in UTC)", frame)


@app.command(epilog="Example: trc boards")
def boards() -> None:
    """Show the community's leaderboards and streaks with names, as last computed.

    While nobody has points yet: by XP, as last read.
    """
    with open_installation("community") as installation:
        require_schema(installation)
        show_boards(installation)


@app.command(
    epilog="Examples: trc run mee6_sync --dry-run | trc run all | "
    "trc run daily_streaks --as-of 2026-01-31T00:05:00Z | "
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
        typer.Option(metavar="TIME", help="Logical time, as 2026-01-31T10:15:00Z; default: now."),
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
    """Run a job now. It shows in the Dagster UI like a scheduled one. A dry run shows nowhere."""
    from trc_pipelines.cli.changes import MOST_ROWS, show_changes
    from trc_pipelines.cli.runs import dry_run as try_jobs
    from trc_pipelines.cli.runs import run_job
    from trc_pipelines.jobs.execution import Rows

    catalogue = read_catalogue(load_settings())
    by_name = {job.name: [job] for job in catalogue.jobs} | {"all": catalogue.run_all}
    if job_name not in by_name:
        raise typer.BadParameter(
            f"there is no job {job_name!r}; it accepts {', '.join(by_name)}", param_hint="JOB"
        )
    chosen = by_name[job_name]
    if limit is not None and len(chosen) > 1:
        raise typer.BadParameter(
            "each job counts something else; it accepts one job at a time", param_hint="--limit"
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
        if dry_run:
            rows = Rows(catalogue.tables_written_by, MOST_ROWS[form]) if changes else None
            running = try_jobs(installation, chosen, moment, limit, rows)
        else:
            running = (
                (run_job(installation, job, moment, limit, verbose=verbose), None) for job in chosen
            )
        outcomes, listed = [], []
        for outcome, rows_of_job in running:
            outcomes.append(outcome)
            if rows_of_job is not None:
                listed.append(rows_of_job.assign(job=outcome.job))
            if not (as_json or (changes and form != Format.TABLE)):
                _show_outcome(outcome, verbose=verbose)
    if listed:
        show_changes(pd.concat(listed, ignore_index=True), form)
    elif as_json:
        lines = [asdict(outcome) for outcome in outcomes]
        print_json(lines if job_name == "all" else lines[0])
    failed = [outcome for outcome in outcomes if not outcome.success]
    if failed:
        raise JobError("; ".join(f"{one.job} did not succeed: {one.message}" for one in failed))


def _ask(job_name: str, question: str) -> None:
    """Have a person agree, in so many words.

    Raises:
        JobError: nobody is there to ask, or the answer is not yes.
    """
    if not sys.stdin.isatty():
        raise JobError(
            f"{question} Nobody is here to say yes, so nothing was done. "
            f"To run it all the same: trc run {job_name} --force"
        )
    try:
        answer = typer.prompt(f"{question} Type yes to go on", default="", show_default=False)
    except typer.Abort:
        answer = ""
    if answer.strip() != "yes":
        raise JobError(f"the answer was not yes: {job_name} was not run, nothing was changed")


def _show_outcome(outcome: "Outcome", *, verbose: bool) -> None:
    for table, message in outcome.messages.items():
        say(f"{table}: {message}")
        if verbose:
            say(f"    {outcome.details.get(table, {})}")
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
    with open_installation() as installation:
        require_schema(installation)
        rows = []
        for check in read_catalogue(installation.settings).checks:
            with installation.database.transaction() as transaction:
                found = check.evaluate(transaction, datetime.now(UTC))
            first = {} if found.empty else found.astype("str").iloc[0].to_dict()
            rows.append(
                {"table": check.table, "check": check.name, "violations": len(found)}
                | {"first": first, "description": check.description}
            )
            sentence = f"{check.table}: {check.name}"
            if not as_json:
                say(f"holds  {sentence}" if found.empty else f"BROKEN {sentence}: {first}")
    if as_json:
        print_json(rows)
    broken = [row for row in rows if row["violations"]]
    if broken:
        raise JobError(
            f"{len(broken)} of {len(rows)} checks do not hold, first {broken[0]['check']}: "
            f"{broken[0]['description']}"
        )


@app.command(epilog="Example: trc compare community --format csv")
def compare(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="community, quiz or betting.")],
    form: Annotated[Format, typer.Option("--format", help="How differences are printed.")] = (
        Format.TABLE
    ),
) -> None:
    """Compare what our tables say with what the app shows, member by member. Nothing is written.

    Reads views of the app's own columns that you make once; while one is missing, it says how. The
    exit code is 1 when something differs.
    """
    from trc_pipelines.cli.changes import compare_domain

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
def health(as_json: AsJson = False) -> None:
    """Say in one line whether everything is well, for supervisors and probes.

    The exit code is 1 when it is not. Looks at the database, its schema, Dagster's daemon, late or
    failing jobs, and alerts that are not delivered. Takes a few seconds at most, and starts nothing.
    """
    findings = probe(load_settings())
    wrong = [finding for finding in findings if not finding.is_well]
    if as_json:
        parts = {one.part: {"well": one.is_well, "message": one.message} for one in findings}
        print_json({"well": not wrong, "parts": parts})
    else:
        shown = wrong or findings
        said = "; ".join(f"{finding.part}: {finding.message}" for finding in shown)
        say(f"{'not well' if wrong else 'well'}: {clean_name(said, MAX_LINE_LENGTH)}")
    if wrong:
        raise typer.Exit(1)


def _serve(installation: Installation, lock: IO[str]) -> None:
    """Run the services until Ctrl-C or SIGTERM."""
    wanted = installation.settings.webserver_port
    port = first_free_port(wanted)
    if port != wanted:
        say(f"Port {wanted} is busy; the UI takes {port}.")
    say("Starting the Dagster UI and the schedules …")
    home = installation.settings.trc_home
    with run_services(home, lock, installation.environment, port) as services:
        page = newest_page(installation)
        say(f"\n    http://127.0.0.1:{port}\n")
        say(f"The report of the day: {page.as_uri() if page else 'trc report --open'}")
        say("Open it and look at Lineage, or at Runs. In another terminal: trc jobs, trc verify,")
        say(f"trc db shell. Logs are in {home / 'logs'}. Ctrl-C stops everything.")
        try:
            while True:
                services.check()
                time.sleep(0.5)
        except KeyboardInterrupt:
            say("Stopping …")
    say("Stopped.")


def _complain(message: str, code: int) -> int:
    # A message may repeat what was typed, or a reason that somebody gave: hostile text.
    lines = [clean_name(line, MAX_LINE_LENGTH) for line in message.split("\n")]
    typer.echo("trc: " + "\n".join(lines), err=True)
    return code
