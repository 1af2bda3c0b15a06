"""`trc capacity`: what an installation takes of what there is, by its own history, and what ends first."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cronsim import CronSim

from trc_pipelines.cli.installation import Installation
from trc_pipelines.cli.output import print_columns, say
from trc_pipelines.domains import read_catalogue
from trc_pipelines.jobs.contract import Job

DAYS = 7
SHOWN = 12


def find_capacity(installation: Installation) -> dict[str, Any]:
    """Read what runs of the last days took, how tables grow, and what the server has left."""
    now = datetime.now(UTC)
    settings = installation.settings
    schemas = [*settings.domains, "leaderboards", "operations"]
    with installation.database.transaction(commit=False) as transaction:
        runs = transaction.read_rows(
            "cli/select_capacity_of_jobs", since=now - timedelta(days=DAYS)
        )
        tables = transaction.read_rows("cli/select_capacity_of_tables", schemas=schemas)
        [server] = transaction.read_rows("cli/select_capacity_of_server")
    known = {job.name: job for job in read_catalogue(settings).jobs}
    jobs = [
        describe_job(row, known[row["job_name"]], now) for row in runs if row["job_name"] in known
    ]
    busy = share_of_domains(runs, known)
    return {
        "days": DAYS,
        "jobs": sorted(jobs, key=lambda job: -(job["share"] or 0)),
        "busy": busy,
        "tables": [describe_table(row) for row in tables],
        "server": server,
        "limits": find_limits(jobs, busy, server),
    }


def describe_job(row: dict[str, Any], job: Job, now: datetime) -> dict[str, Any]:
    """Say what the longest run took of the time between two ticks; None for a job without a clock."""
    share = None
    if job.cron:
        ticks = CronSim(job.cron, now)
        between = -(next(ticks) - next(ticks)).total_seconds()
        share = row["longest_seconds"] / between
    return {
        "job": job.name,
        "cadence": job.cron,
        "runs": row["runs"],
        "median_seconds": row["median_seconds"],
        "longest_seconds": row["longest_seconds"],
        "share": share,
    }


def share_of_domains(runs: Sequence[dict[str, Any]], known: dict[str, Job]) -> dict[str, float]:
    """Say how much of the time some run held a domain, whose runs are one at a time."""
    busy: dict[str, float] = {}
    for row in runs:
        job = known.get(row["job_name"])
        for domain in {step.domain for step in job.steps} if job else ():
            share = row["busy_seconds"] / max(row["known_seconds"], 1)
            busy[domain] = busy.get(domain, 0) + share
    return dict(sorted(busy.items()))


def describe_table(row: dict[str, Any]) -> dict[str, Any]:
    """Add by how many bytes a day a table grows, its rows being as they are on the average."""
    bytes_of_a_row = row["bytes"] / row["rows"] if row["rows"] else 0
    return row | {"bytes_a_day": max(row["rows_a_day"], 0) * bytes_of_a_row}


def find_limits(
    jobs: Sequence[dict[str, Any]], busy: dict[str, float], server: dict[str, Any]
) -> list[dict[str, Any]]:
    """List what ends at how many times of what is done now, the first to end first."""
    limits = [
        *(
            (f"{job['job']}: its longest run against the time between two", job["share"])
            for job in jobs
            if job["share"]
        ),
        *((f"{domain}: one run at a time", share) for domain, share in busy.items()),
        ("connections of the server", server["connections"] / server["most_connections"]),
    ]
    found = [{"what": what, "used": used, "times": 1 / used} for what, used in limits if used]
    return sorted(found, key=lambda limit: limit["times"])


def show_capacity(found: dict[str, Any]) -> None:
    """Print jobs, tables and what ends first."""
    jobs = [
        [
            job["job"],
            str(job["runs"]),
            f"{job['median_seconds']:.2f}",
            f"{job['longest_seconds']:.2f}",
            "–" if job["share"] is None else f"{job['share']:.2%}",
        ]
        for job in found["jobs"]
    ]
    print_columns(
        f"Jobs of the last {found['days']} days (seconds; the longest as a share of its cadence)",
        [["job", "runs", "median", "longest", "share"], *jobs],
        [False, True, True, True, True],
    )
    tables = [
        [
            table["relation"],
            f"{table['rows']:,}",
            f"{table['bytes'] / 1e6:,.1f}",
            f"{table['rows_a_day']:+,.0f}",
            f"{table['bytes_a_day'] / 1e6:,.1f}",
        ]
        for table in found["tables"][:SHOWN]
    ]
    print_columns(
        "Largest tables (MB with indexes)",
        [["table", "rows", "MB", "rows a day", "MB a day"], *tables],
        [False, True, True, True, True],
    )
    server = found["server"]
    a_year = sum(table["bytes_a_day"] for table in found["tables"]) * 365
    say(
        f"Database: {server['database_bytes'] / 1e6:,.0f} MB, in a year {a_year / 1e9:,.2f} GB more "
        f"before anything is purged; {server['shared_buffers_bytes'] / 1e6:,.0f} MB are cached by "
        "the server."
    )
    say(f"Connections: {server['connections']} of {server['most_connections']}.")
    for limit in found["limits"][:3]:
        say(f"Ends at {limit['times']:,.0f} × of now: {limit['what']} ({limit['used']:.2%}).")
    if not found["jobs"]:
        say("No job has run yet: what jobs take is known once they have. See: trc jobs")
