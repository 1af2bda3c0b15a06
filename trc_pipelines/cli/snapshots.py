"""`trc snapshots`: readings of the MEE6 leaderboard that wait for a person's decision."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from trc_pipelines.cli.installation import open_installation, require_schema
from trc_pipelines.cli.output import AsJson, print_json, print_table, say
from trc_pipelines.community.reviews import Decision, compare_snapshot, list_syncs, review_sync
from trc_pipelines.jobs.contract import JobError

app = typer.Typer(rich_markup_mode=None)

SyncId = Annotated[int, typer.Argument(min=1, max=2**63 - 1, metavar="SYNC", help="Its id.")]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with the sync.")
]


@app.command("list", epilog="Example: trc snapshots list")
def list_snapshots(as_json: AsJson = False) -> None:
    """List readings that were quarantined.

    Those that wait for a decision, and those that had one.
    """
    with open_installation("community") as installation:
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


@app.command("show", epilog="Example: trc snapshots show 1772625600")
def show_snapshot(
    sync_id: SyncId,
    limit: Annotated[int, typer.Option(min=1, help="Show so many accounts.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show what differs in a reading.

    Who of those who are known is missing, and whose XP changed most.
    """
    with open_installation("community") as installation:
        require_schema(installation)
        with installation.database.transaction(commit=False) as transaction:
            if transaction.read_row("community/select_sync", sync_id=sync_id) is None:
                raise JobError(
                    f"there is no sync {sync_id}; trc snapshots list shows those there are"
                )
            accounts = compare_snapshot(transaction, sync_id, limit)
    if as_json:
        print_json(accounts.astype("object").where(accounts.notna(), None).to_dict("records"))
    elif accounts.empty:
        say(f"no account of sync {sync_id} differs from what is known")
    else:
        print_table(f"Sync {sync_id} against what is known", accounts)


@app.command("approve", epilog='Example: trc snapshots approve 1772625600 --reason "purge"')
def approve_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Believe a reading.

    What was gained or lost since the last accepted one is posted.
    """
    _review(sync_id, "approve", reason)


@app.command(
    "rebaseline", epilog='Example: trc snapshots rebaseline 1772625600 --reason "XP was reset"'
)
def rebaseline_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Take a reading as a new beginning.

    No points either way: counting starts from its figures.
    """
    _review(sync_id, "rebaseline", reason)


@app.command("discard", epilog='Example: trc snapshots discard 1772625600 --reason "MEE6 outage"')
def discard_snapshot(sync_id: SyncId, reason: Reason) -> None:
    """Drop a reading: nothing comes of it."""
    _review(sync_id, "discard", reason)


def _review(sync_id: int, decision: Decision, reason: str) -> None:
    with open_installation("community") as installation:
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
