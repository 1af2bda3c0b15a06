"""`trc members export` and `erase`: what is stored about a person, and that it is not any more."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from sqlalchemy.engine import make_url

from trc_pipelines.cli.installation import Installation, open_installation, require_schema
from trc_pipelines.cli.members import app
from trc_pipelines.cli.output import say
from trc_pipelines.community.erasures import Stores, erase_again, erase_person, export_person
from trc_pipelines.community.steps.leaderboard_cache import leaderboard_cache
from trc_pipelines.database.connection import Database
from trc_pipelines.jobs.contract import Job, JobError, Options
from trc_pipelines.jobs.execution import perform
from trc_pipelines.words import counted

MemberId = Annotated[
    str, typer.Argument(metavar="ID", help="A member id, or the id of a Discord account.")
]


@app.command("export", epilog="Example: trc members export 123456789012345678 --format csv")
def export(
    member_id: MemberId,
    form: Annotated[
        Literal["json", "csv"], typer.Option("--format", help="json, or csv: relation, content.")
    ] = "json",
) -> None:
    """Print everything stored about a person.

    Dagster's record of runs included.
    """
    with open_installation("community") as installation:
        require_schema(installation)
        found = export_person(_stores(installation), member_id)
    if form == "csv":
        typer.echo(found.to_csv(index=False), nl=False)
        return
    grouped = {
        relation: [json.loads(content) for content in rows]
        for relation, rows in found.groupby("relation")["content"]
    }
    typer.echo(json.dumps(grouped, indent=2))


@app.command(
    "erase", epilog='Example: trc members erase 123456789012345678 --reason "asked by letter"'
)
def erase(
    member_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="A member id, or that of a Discord account.")
    ] = None,
    reason: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Why; it is kept, so it names nobody.")
    ] = None,
    replay: Annotated[
        bool, typer.Option("--replay", help="After a restore: erase again who was erased before.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, roll everything back.")
    ] = False,
) -> None:
    """Erase who a person is, for good. Points, boards and digests stay, under a pseudonym.

    No reading brings them back. What the app itself still has has to be deleted there.
    """
    if replay == (member_id is not None):
        raise typer.BadParameter("it accepts either an ID or --replay", param_hint="ID")
    with open_installation("community") as installation:
        require_schema(installation)
        stores, now = _stores(installation), datetime.now(UTC)
        if member_id is None:
            people, changed = erase_again(stores, now=now, dry_run=dry_run)
        else:
            people = 1
            changed = erase_person(stores, member_id, reason=reason or "", now=now, dry_run=dry_run)
        if not dry_run:
            _publish_boards(installation)
    _report(people, changed, dry_run=dry_run)


def _report(people: int, changed: Counter[str], *, dry_run: bool) -> None:
    left = changed.pop("rows_left", 0)
    for relation, count in changed.items():
        if count:
            say(f"{relation}: {count}")
    says = "would be erased; rolled back" if dry_run else "erased"
    say(f"{counted(people, 'people')} {says}")
    if left:
        say(f"The app still has {counted(left, 'rows')} of them, behind views: delete them there.")


def _stores(installation: Installation) -> Stores:
    dagster = replace(installation.database, url=installation.dagster_url)
    return Stores(
        installation.database,
        dagster if _has_kept(installation, dagster) else None,
        installation.settings.trc_home,
    )


def _has_kept(installation: Installation, dagster: Database) -> bool:
    """Whether Dagster has kept anything yet."""
    if installation.settings.dagster_database_url is None:
        with installation.database.transaction(commit=False) as transaction:
            name = make_url(dagster.url).database
            if not transaction.read_value("monitoring/has_database", name=name):
                return False
    with dagster.transaction(commit=False) as transaction:
        return bool(transaction.read_value("monitoring/has_event_log"))


def _publish_boards(installation: Installation) -> None:
    """Exchange the boards in the cache, now.

    Raises:
        JobError: the cache still shows who was erased.
    """
    if installation.settings.redis_url is None:
        return
    job = Job("leaderboard_cache", "", None, None, [leaderboard_cache])
    results = perform(
        installation.database,
        installation.settings,
        job,
        Options.of_now("cli"),
        dry_run=False,
    )
    failed = [result.message for result in results.values() if not result.success]
    if failed:
        raise JobError(
            f"erased, but the boards in Redis still have the member id: {failed[0]}. "
            "The next leaderboard_cache exchanges them"
        )
