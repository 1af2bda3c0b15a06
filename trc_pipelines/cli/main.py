"""The trc command: options, help and errors. Each command opens what it needs and says what it did.

Errors that were foreseen are one line on stderr: exit code 1, or 2 when the command line itself is
wrong. Anything else is a bug and keeps its traceback.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Annotated

import pandas as pd
import typer
from sqlalchemy.engine import make_url
from typer.exceptions import TyperException

from trc_pipelines.cli.output import print_json, print_table, say
from trc_pipelines.cli.services import (
    ServiceError,
    first_free_port,
    hold_home,
    run_services,
)
from trc_pipelines.database.connection import DatabaseError
from trc_pipelines.database.embedded import EmbeddedServerError, client_program
from trc_pipelines.database.migrations import MigrationError, pending_migrations
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.names import clean_name
from trc_pipelines.settings import DEMO_GUILD_ID, SettingsError, load_settings

if TYPE_CHECKING:
    from trc_pipelines.cli.installation import Installation
    from trc_pipelines.cli.runs import Outcome
    from trc_pipelines.community.reviews import Decision
    from trc_pipelines.jobs.contract import Work

# Imports of Dagster and of the definitions stay inside the commands: they take seconds, and the
# definitions read settings that must be checked, or written by the demo, before.

FORESEEN = (
    SettingsError,
    JobError,
    DatabaseError,
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
db_app = typer.Typer(rich_markup_mode=None)
app.add_typer(db_app, name="db", help="The database: migrate, status, shell.")
snapshots_app = typer.Typer(rich_markup_mode=None)
app.add_typer(
    snapshots_app,
    name="snapshots",
    help="Quarantined readings of the board: list, show, approve, rebaseline, discard.",
)
games_app = typer.Typer(rich_markup_mode=None)
app.add_typer(games_app, name="games", help="Games that were settled: resettle.")
bankroll_app = typer.Typer(rich_markup_mode=None)
app.add_typer(bankroll_app, name="bankroll", help="Bankrolls of the betting app: adjust, restore.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def main() -> None:
    """Entry point of the console script."""
    # Whoever stops us wants what Ctrl-C does: everything we started ends with us. SIGINT is named
    # because a shell's "&" ignores it, and Dagster then makes SIGTERM the same.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="trc", standalone_mode=False)
    except TyperException as error:
        code = _complain(f"{error.format_message().rstrip('.')}. See: trc --help", error.exit_code)
    except SettingsError as error:
        code = _complain(str(error), 1)  # one line for each setting
    except FORESEEN as error:
        code = _complain(" ".join(str(error).split()), 1)
    sys.exit(code)


@app.command(epilog="Example: MEE6_GUILD_ID=123456789012345678 trc up")
def up() -> None:
    """Run everything against your guild: database, code, schedules and the Dagster UI.

    Needs MEE6_GUILD_ID where the community runs. Runs until Ctrl-C. A second start continues where
    the first one stopped.
    """
    from trc_pipelines.cli.installation import make_home, open_installation, prepare_databases

    settings = load_settings()
    if "community" in settings.domains and settings.mee6_guild_id in (None, DEMO_GUILD_ID):
        raise SettingsError(
            "MEE6_GUILD_ID: is not set; it accepts the id of the Discord server to read "
            "(a made-up one: trc demo)"
        )
    with hold_home(make_home(settings)) as lock, open_installation() as installation:
        prepare_databases(installation)
        _serve(installation, lock)


@app.command(epilog="Example: trc demo")
def demo() -> None:
    """Play three weeks of a made-up guild through the real pipeline, then run everything as `up`.

    Nothing leaves this machine. A second start plays only what was missed.
    """
    from trc_pipelines.cli.demo import open_demo
    from trc_pipelines.cli.installation import make_home

    settings = load_settings()
    with hold_home(make_home(settings)) as lock, open_demo(settings) as installation:
        _serve(installation, lock)


@app.command(epilog="Example: trc jobs")
def jobs(as_json: AsJson = False) -> None:
    """List the jobs: cadence (cron, UTC), last success, next run."""
    from dagster._utils.schedules import get_next_cron_tick

    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.domains import read_catalogue

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
            "next_run": get_next_cron_tick(job.cron, now, "UTC")
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


@app.command(
    epilog="Examples: trc run mee6_sync --dry-run | trc run all | "
    "trc run daily_streaks --as-of 2026-01-31T00:05:00Z"
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
) -> None:
    """Run a job now; it shows in the Dagster UI like a scheduled one. A dry run shows nowhere."""
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.cli.runs import dry_run as try_jobs
    from trc_pipelines.cli.runs import run_job
    from trc_pipelines.domains import read_catalogue
    from trc_pipelines.jobs.contract import parse_moment

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
            running = try_jobs(installation, chosen, moment, limit)
        else:
            running = (run_job(installation, job, moment, limit, verbose=verbose) for job in chosen)
        outcomes = []
        for outcome in running:
            outcomes.append(outcome)
            if not as_json:
                _show_outcome(outcome, verbose=verbose)
    if as_json:
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
    """Check every invariant against the tables; exit code 1 when one does not hold.

    What is found is kept: an alert about a check is over once this finds it well again.
    """
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.domains import read_catalogue

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


@app.command(epilog="Example: trc health || systemctl restart trc")
def health(as_json: AsJson = False) -> None:
    """Say in one line whether everything is well; exit code 1 when not. For supervisors and probes.

    Looks at the database, its schema, Dagster's daemon, late or failing jobs, and alerts that are
    not delivered. Takes a few seconds at most, and starts nothing.
    """
    from trc_pipelines.cli.health import probe

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


SyncId = Annotated[int, typer.Argument(min=1, max=2**63 - 1, metavar="SYNC", help="Its id.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the sync.")
]


@snapshots_app.command("list", epilog="Example: trc snapshots list")
def list_snapshots(as_json: AsJson = False) -> None:
    """List readings that wait for a decision, and those that had one."""
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.community.reviews import list_syncs

    with open_installation() as installation:
        require_schema(installation)
        with installation.database.transaction(commit=False) as transaction:
            syncs = list_syncs(transaction)
    if as_json:
        print_json(syncs.to_dict("records"))
    elif syncs.empty:
        say("no reading was ever quarantined")
    else:
        syncs["synced_at"] = syncs["synced_at"].dt.strftime("%Y-%m-%d %H:%M")
        print_table("Quarantined readings (times in UTC)", syncs)


@snapshots_app.command("show", epilog="Example: trc snapshots show 1772625600")
def show_snapshot(
    sync_id: SyncId,
    limit: Annotated[int, typer.Option(min=1, help="Show so many accounts.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show how a reading differs from what is known: who is missing, whose XP changed most."""
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.community.reviews import compare_snapshot

    with open_installation() as installation:
        require_schema(installation)
        with installation.database.transaction(commit=False) as transaction:
            accounts = compare_snapshot(transaction, sync_id, limit)
    if as_json:
        print_json(accounts.astype("object").where(accounts.notna(), None).to_dict("records"))
    elif accounts.empty:
        say(f"no account of sync {sync_id} differs from what is known")
    else:
        print_table(f"Sync {sync_id} against what is known", accounts)


@snapshots_app.command(
    "approve", epilog='Example: trc snapshots approve 1772625600 --reason "purge"'
)
def approve_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Believe a reading: what was gained or lost since the last accepted one is posted."""
    _review(sync_id, "approve", reason)


@snapshots_app.command(
    "rebaseline", epilog='Example: trc snapshots rebaseline 1772625600 --reason "XP was reset"'
)
def rebaseline_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Take a reading as a new beginning: no points either way, counting starts from its figures."""
    _review(sync_id, "rebaseline", reason)


@snapshots_app.command(
    "discard", epilog='Example: trc snapshots discard 1772625600 --reason "MEE6 outage"'
)
def discard_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Drop a reading: nothing comes of it."""
    _review(sync_id, "discard", reason)


Why = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with what is done.")
]
Rehearsed = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change, roll everything back.")
]


@games_app.command(
    "resettle", epilog='Example: trc games resettle 4711 --reason "score corrected by the league"'
)
def resettle(
    game_id: Annotated[str, typer.Argument(metavar="GAME", help="Its id.")],
    reason: Why,
    dry_run: Rehearsed = False,
) -> None:
    """Settle a game again by what it is now: wrong results are reversed, the right ones posted.

    Correct the game first (score, status); then this corrects its bets, also those that were
    changed by hand after they were settled. Weeks that are closed stay closed: what is corrected of
    them counts now.
    """
    from trc_pipelines.betting.corrections import resettle_game

    _do_by_hand(lambda work: resettle_game(work, game_id, reason), dry_run=dry_run)


@bankroll_app.command(
    "adjust",
    # A negative amount is no option.
    context_settings={"ignore_unknown_options": True},
    epilog="Example: trc bankroll adjust 6f1c0f1e-8a54-4f0e-9d0c-2f6f3a3f1b11 5000 "
    '--kind promotion --reason "winner of the raffle"',
)
def adjust(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    amount: Annotated[int, typer.Argument(metavar="CENTS", help="What is added, in cents.")],
    kind: Annotated[
        str,
        typer.Option("--kind", help="promotion, deposit, or correction (may be below 0)."),
    ],
    reason: Why,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency key; the same one acts once.")
    ] = None,
    dry_run: Rehearsed = False,
) -> None:
    """Add to a bankroll, or take from it as a correction. The same twice in a day is made once."""
    from trc_pipelines.betting.corrections import ADJUSTMENT_KINDS, adjust_bankroll

    chosen = next((one for one in ADJUSTMENT_KINDS if one == kind), None)
    if chosen is None:
        raise typer.BadParameter(
            f"{kind!r} is no kind; it accepts {', '.join(ADJUSTMENT_KINDS)}", param_hint="--kind"
        )
    _do_by_hand(
        lambda work: adjust_bankroll(work, user_id, amount, chosen, reason, key), dry_run=dry_run
    )


@bankroll_app.command(
    "restore",
    epilog="Example: trc bankroll restore 6f1c0f1e-8a54-4f0e-9d0c-2f6f3a3f1b11 "
    '--reason "changed by SQL"',
)
def restore(
    user_id: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    reason: Why,
    dry_run: Rehearsed = False,
) -> None:
    """Put a balance that was changed by hand back to what its ledger says.

    What the user is owed beyond that: trc bankroll adjust.
    """
    from trc_pipelines.betting.corrections import restore_bankroll

    _do_by_hand(lambda work: restore_bankroll(work, user_id, reason), dry_run=dry_run)


@db_app.command(
    "migrate", epilog="Example: DATABASE_URL=postgresql://user:password@host/trc trc db migrate"
)
def migrate_database() -> None:
    """Create what is missing and bring the schema up to date; Dagster's own database too."""
    from trc_pipelines.cli.installation import open_installation, prepare_databases

    with open_installation() as installation:
        applied = prepare_databases(installation)
    say(f"applied {', '.join(applied)}" if applied else "up to date, nothing to apply")


@db_app.command("status", epilog="Example: trc db status")
def show_status(as_json: AsJson = False) -> None:
    """Show which database is used and which migrations are pending; exit code 1 when some are."""
    from trc_pipelines.cli.installation import open_installation

    with open_installation() as installation:
        url = make_url(installation.database.url).render_as_string(hide_password=True)
        pending = pending_migrations(installation.database.url, installation.settings.domains)
    if as_json:
        print_json({"url": url, "embedded": installation.is_embedded, "pending": pending})
    else:
        say(f"{url}{' (embedded)' if installation.is_embedded else ''}")
    if pending:
        raise MigrationError(f"pending: {', '.join(pending)}; run: trc db migrate")
    if not as_json:
        say("up to date")


@db_app.command(
    "shell",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog='Example: trc db shell -c "SELECT * FROM community.current_streaks LIMIT 5"',
)
def open_shell(context: typer.Context) -> None:
    """Open psql on the database; further options are psql's."""
    from trc_pipelines.cli.installation import open_installation

    with open_installation() as installation:
        psql = str(client_program("psql")) if installation.is_embedded else shutil.which("psql")
        if psql is None:
            raise ServiceError("psql is not installed here; install PostgreSQL's client programs")
        url = make_url(installation.database.url).set(drivername="postgresql")
        # Other users of the machine see arguments, but not the environment.
        password = {"PGPASSWORD": str(url.password)} if url.password else {}
        # Ctrl-C is for psql, which interrupts a query with it. A handler, and not SIG_IGN, which
        # psql would inherit.
        signal.signal(signal.SIGINT, lambda *_: None)
        code = subprocess.call(  # noqa: S603
            [psql, url._replace(password=None).render_as_string(), *context.args],
            env={**os.environ, **password},
        )
    raise typer.Exit(code)


def _review(sync_id: int, decision: "Decision", reason: str) -> None:
    from trc_pipelines.cli.installation import open_installation, require_schema
    from trc_pipelines.community.reviews import review_sync

    with open_installation() as installation:
        require_schema(installation)
        with installation.database.transaction() as transaction:
            done = review_sync(
                transaction,
                sync_id,
                decision,
                reason=reason,
                reviewed_by="cli",
                now=datetime.now(UTC),
            )
    say(done)


def _do_by_hand(change: Callable[["Work"], str], *, dry_run: bool) -> None:
    from trc_pipelines.betting.corrections import name_operator, work_by_hand
    from trc_pipelines.cli.installation import open_installation, require_schema

    with open_installation() as installation:
        require_schema(installation)
        with work_by_hand(
            installation.database,
            installation.settings,
            done_by=name_operator("cli"),
            dry_run=dry_run,
        ) as work:
            done = change(work)
    say(f"Dry run, rolled back: {done}" if dry_run else done)


def _serve(installation: "Installation", lock: IO[str]) -> None:
    """Run the services until Ctrl-C or SIGTERM."""
    wanted = installation.settings.webserver_port
    port = first_free_port(wanted)
    if port != wanted:
        say(f"Port {wanted} is busy; the UI takes {port}.")
    say("Starting the Dagster UI and the schedules …")
    home = installation.settings.trc_home
    with run_services(home, lock, installation.environment, port) as services:
        say(f"\n    http://127.0.0.1:{port}\n")
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
    # What was typed, and what others gave as reasons, may be in it.
    lines = [clean_name(line, MAX_LINE_LENGTH) for line in message.split("\n")]
    typer.echo("trc: " + "\n".join(lines), err=True)
    return code
