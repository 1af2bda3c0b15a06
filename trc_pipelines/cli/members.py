"""`trc members`: who is a member where no app says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trc_pipelines.cli.installation import (
    Installation,
    open_installation,
    require_guild,
    require_schema,
)
from trc_pipelines.cli.output import AsJson, print_json, print_table, say, tell
from trc_pipelines.community import membership
from trc_pipelines.community.jobs import MEE6_SYNC
from trc_pipelines.community.steps.mee6_leaderboard_snapshot import mee6_leaderboard_snapshot
from trc_pipelines.jobs.contract import JobError, Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.names import clean_name, clean_names
from trc_pipelines.settings import load_settings
from trc_pipelines.words import counted

MAX_LINE_LENGTH = 500

app = typer.Typer(rich_markup_mode=None)

DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would change, roll everything back.")
]


@app.command("import", epilog="Example: trc members import members.csv --dry-run")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.csv", exists=True, dir_okay=False, help="CSV with a header."),
    ],
    dry_run: DryRun = False,
) -> None:
    """Make members of the lines of a CSV file.

    The file is an export of a Discord bot, or a spreadsheet. Columns, by their names in the first
    line, in any order: "discord id" (also user id, id), "username" (also name, display name,
    nickname), "status" (NONE, TRIALING, ACTIVE, PAST_DUE, CANCELLED; empty: ACTIVE), "visible" (yes
    or no; empty: yes), and "member id" where you have ids of your own (they stand in events and on
    boards: none that say who it is). Others are ignored. Separated by commas, semicolons or tabs,
    in UTF-8.

    All of it or nothing: every line that cannot be meant so is listed with what is wrong. Who is in
    the file changes as it says, and an empty cell changes nothing. Who is not in it stays. The same
    file twice changes nothing. Only import people who agreed to be counted and shown.
    """
    with _open_to_write() as installation:
        try:
            with installation.database.transaction(commit=not dry_run) as transaction:
                done = membership.import_members(transaction, file.read_bytes())
        except membership.MemberFileError as error:
            for line, wrong in error.problems:
                typer.echo(f"line {line}: {clean_name(wrong, MAX_LINE_LENGTH)}", err=True)
            raise
    _say_done(done, dry_run=dry_run)


@app.command("enroll", epilog="Example: trc members enroll --from-board --min-level 5 --dry-run")
def enroll(
    from_board: Annotated[
        bool, typer.Option("--from-board", help="Whoever is on the MEE6 leaderboard now.")
    ] = False,
    min_level: Annotated[
        int, typer.Option("--min-level", min=0, help="Only from this MEE6 level on.")
    ] = 0,
    dry_run: DryRun = False,
) -> None:
    """Make members of all on the MEE6 leaderboard.

    Once: MEMBERS_FROM_BOARD=true does it for good. Reads the leaderboard as a sync does. Who is not
    a member yet becomes one, with the name shown there, and counts from this reading on: nothing is
    paid for before. Who was removed stays away.

    The names and figures of these people are stored here from then on, and shown on leaderboards.
    Nobody asks them: whoever runs the server is responsible for having told them, for a reason to do
    it that the law accepts, and for removing who does not want it (trc members remove).
    """
    if not from_board:
        raise typer.BadParameter(
            "says where they come from, and has to be given", param_hint="--from-board"
        )
    with _open_to_write() as installation:
        with installation.database.transaction(commit=False) as transaction:
            membership.require_own_members(transaction)
        wanted = {"members_from_board": True, "members_min_level": min_level}
        settings = installation.settings.model_copy(update=wanted)
        options = Options.of_now("cli")
        with tell("Reading the MEE6 leaderboard"):
            results = perform(installation.database, settings, MEE6_SYNC, options, dry_run=dry_run)
    read = results[mee6_leaderboard_snapshot.table]
    if read.details["status"] != "accepted":
        raise JobError(f"nobody became a member: {read.message}")
    _say_done(
        f"new: {counted(read.details['members_enrolled'], 'members')}, "
        f"with a Discord account now: {read.details['linked_members']:,}",
        dry_run=dry_run,
    )


@app.command("list", epilog="Example: trc members list")
def list_members(as_json: AsJson = False) -> None:
    """List the members, best first.

    With points, and level and XP as last read.
    """
    with open_installation("community") as installation:
        require_schema(installation)
        with installation.database.transaction(commit=False) as transaction:
            members = membership.list_members(transaction)
    members["name"] = clean_names(members["name"])
    if as_json:
        print_json(members.astype("object").where(members.notna(), None).to_dict("records"))
    elif members.empty:
        say(f"there are no members: {membership.HOW_TO_BEGIN}")
    else:
        print_table("Members", members)


@app.command("remove", epilog="Example: trc members remove 123456789012345678")
def remove(
    member: Annotated[
        str, typer.Argument(metavar="ID", help="The member's id, or the Discord account's.")
    ],
    dry_run: DryRun = False,
) -> None:
    """End a membership.

    No XP counts any more, the name is gone, no board shows the member. Points stay in the ledger
    and in closed weeks, without a name. The account is remembered, so that no leaderboard makes it
    a member again. An import of it does, and brings the points back.
    """
    with (
        _open_to_write() as installation,
        installation.database.transaction(commit=not dry_run) as transaction,
    ):
        done = membership.remove_member(transaction, member, datetime.now(UTC))
    _say_done(done, dry_run=dry_run)


@contextmanager
def _open_to_write() -> Iterator[Installation]:
    """Open the installation of a guild: without one it would be the demo's."""
    require_guild(load_settings())
    with open_installation("community") as installation:
        require_schema(installation)
        yield installation


def say_how_to_begin(installation: Installation) -> None:
    """Say what to do while no member has a Discord account."""
    with installation.database.transaction(commit=False) as transaction:
        advice = membership.advise(transaction, installation.settings)
    if advice:
        say(advice)


def _say_done(done: str, *, dry_run: bool) -> None:
    say(f"Dry run, rolled back: {done}" if dry_run else done)
