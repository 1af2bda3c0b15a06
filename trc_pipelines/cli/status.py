"""`trc status`: how everything stands, for a person: what `trc health` looks at, and what waits for one."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trc_pipelines.cli.health import LOOKS, Finding, Look, probe
from trc_pipelines.cli.output import align, say
from trc_pipelines.cli.services import find_holders
from trc_pipelines.community.reviews import list_syncs
from trc_pipelines.database.connection import Transaction
from trc_pipelines.names import clean_name
from trc_pipelines.settings import Settings
from trc_pipelines.words import counted

MAX_LINE_LENGTH = 500


def find_status(settings: Settings) -> list[Finding]:
    """Look at everything that `trc health` does, and at what waits for a person."""
    looks: dict[str, Look] = {**LOOKS, "incidents": look_at_incidents}
    if "community" in settings.domains:
        looks |= {"last sync": look_at_last_sync, "snapshots": look_at_snapshots}
    return [_look_at_services(settings), *probe(settings, looks=looks)]


def _look_at_services(settings: Settings) -> Finding:
    """Say whether `trc up` or `trc demo` runs here. They may run elsewhere, so it is no fault if not."""
    pids = find_holders(settings.trc_home)
    home = settings.trc_home
    said = f"run in {home}, process {pids[0]}" if pids else f"none run in {home}; start: trc up"
    return Finding("services", is_well=True, message=said, figures={"processes": pids})


def look_at_incidents(part: str, transaction: Transaction, _settings: Settings) -> Finding:
    """What is wrong and goes on: quarantines, checks that do not hold, late jobs."""
    incidents = find_incidents(transaction)
    names = [f"{one['subject']} {one['kind']}" for one in incidents]
    said = f"{len(names)} open: {', '.join(names)}" if names else "none is open"
    return Finding(part, not names, said, {"open": names})


def look_at_last_sync(part: str, transaction: Transaction, settings: Settings) -> Finding:
    """How old the newest reading is that counts. Whether that is too old is said of the job."""
    row = transaction.read_row("community/select_newest_accepted_sync")
    if row is None:
        off = "" if settings.mee6_sync_enabled else ", and syncs are switched off"
        return Finding(part, is_well=True, message=f"there was none{off}", figures={"at": None})
    at = datetime.fromtimestamp(row["sync_id"], UTC)
    age = datetime.now(UTC) - at
    said = f"{describe_age(age)} ago, {at:%Y-%m-%d %H:%M} UTC"
    return Finding(part, True, said, {"at": at, "age_seconds": round(age.total_seconds())})


def look_at_snapshots(part: str, transaction: Transaction, _settings: Settings) -> Finding:
    """Which readings wait for a decision."""
    syncs = list_syncs(transaction)
    waiting = syncs.loc[syncs["state"] == "waits", "sync_id"].tolist()
    names = ", ".join(map(str, waiting))
    said = f"for a decision: {names} (trc snapshots show {waiting[0]})" if waiting else "none waits"
    return Finding(part, not waiting, said, {"waiting": waiting})


def find_incidents(transaction: Transaction, *, all_of_them: bool = False) -> list[dict[str, Any]]:
    """Read the incidents that are open, or every one that is still kept, newest first."""
    return transaction.read_rows("cli/select_incidents", is_over=all_of_them)


def show_status(findings: list[Finding]) -> None:
    """Print a line for each part, those that are not well marked."""
    wrong = sum(not finding.is_well for finding in findings)
    say(f"not well: {wrong} of {counted(len(findings), 'parts')}" if wrong else "all is well")
    rows = [
        ("  " if one.is_well else "! ", one.part, clean_name(one.message, MAX_LINE_LENGTH))
        for one in findings
    ]
    for line in align([(mark + part, said) for mark, part, said in rows]):
        say(line)


def show_incidents(incidents: list[dict[str, Any]]) -> None:
    """Print incidents, each with since when and what to do."""
    if not incidents:
        say("no incident is open")
        return
    for one in incidents:
        since = f"since {one['opened_at']:%Y-%m-%d %H:%M}"
        until = f" until {one['closed_at']:%Y-%m-%d %H:%M}" if one["closed_at"] else ""
        say(f"{one['severity']}: {one['subject']} {one['kind']}, {since}{until} UTC")
        say(f"  {clean_name(one['message'], 10_000)}\n")


def describe_age(age: timedelta) -> str:
    """Say how long in the unit that a person would use."""
    seconds = max(0, round(age.total_seconds()))
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= size:
            return counted(seconds // size, unit)
    return counted(seconds, "seconds")
