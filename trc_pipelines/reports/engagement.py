"""The page of the day: read in one glance at the database, rendered, kept by day and as a file."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from trc_pipelines.calendar import midnight, reporting_day
from trc_pipelines.database.connection import Transaction
from trc_pipelines.jobs.contract import Job, Result, Work, step
from trc_pipelines.monitoring.housekeeping import Target
from trc_pipelines.reports.declarations import Chart, Column, Section, values_for
from trc_pipelines.reports.page import Part, Reading, Report, Trouble, render
from trc_pipelines.reports.wording import count, join, write

FOLDER = "reports"
NEWEST = "engagement.html"
KEPT_FOR_DAYS = 365
TARGETS = [
    Target("reports", "reports/purge_engagement", lambda _settings: KEPT_FOR_DAYS),
]
_PARTS = {"incident": "open incident", "check": "failed check"}

OPERATIONS = [
    Chart(
        "job_runs",
        "Runs of jobs",
        "Runs that ended, of all jobs together.",
        "reports/chart_job_runs",
        Column("day", "day", "day"),
        [Column("ended_well", "ended well"), Column("failed", "failed", is_bad=True)],
        "bar",
    ),
    Chart(
        "slow_jobs",
        "Slowest jobs",
        "Median seconds of a run, on the last day on which the job ran.",
        "reports/chart_slow_jobs",
        Column("job_name", "job", "text"),
        [Column("median_seconds", "median seconds", "seconds")],
        "ranking",
        also=[Column("runs", "runs"), Column("day", "day", "day")],
    ),
]


def build_engagement(
    sections: Mapping[str, Section], job_names: Callable[[], Sequence[str]]
) -> Job:
    """Make the job that makes the page.

    Args:
        sections: what the domains that are switched on contribute, by name.
        job_names: the jobs whose health it shows.
    """

    @step(
        "reports",
        deps=[dep for section in sections.values() for dep in section.deps],
        max_age_minutes=3 * 60,
        is_level=True,
    )
    def engagement(work: Work) -> Result:
        """One row per day: the page that people open in the morning, complete in itself.

        Charts of every domain that is switched on, and three sentences: what changed against the
        week before, and what needs a look. Made every hour, so that the page of a day is final with
        the first hour of the next. The newest one is also a file, `reports/engagement.html` in
        TRC_HOME; `trc report` opens it, `trc report --day` one that is kept.
        """
        with work.database.snapshot() as transaction:
            report, member_ids = read_report(
                transaction, sections, job_names(), work.as_of, work.options.now
            )
        html = render(report)
        work.transaction.execute(
            "reports/upsert_engagement",
            day=report.day,
            as_of=work.as_of,
            html=html,
            sentences=list(report.sentences),
            member_ids=member_ids,
            run_id=work.options.run_id,
        )
        path = work.settings.trc_home / FOLDER / NEWEST
        if not work.is_dry_run:
            write_page(path, html)
        drawn = sum(len(part.readings) for part in report.parts)
        return Result(
            1,
            details={"charts": drawn, "bytes": len(html.encode()), "path": str(path)},
            notes=report.sentences,
            rows_written=1,
        )

    return Job(
        name="engagement_report",
        description="Make the page of the day: charts of every domain, what changed, what needs a look.",
        cron="30 * * * *",
        stale_after=timedelta(hours=3),
        steps=[engagement],
    )


def read_report(
    transaction: Transaction,
    sections: Mapping[str, Section],
    job_names: Sequence[str],
    as_of: datetime,
    now: datetime,
) -> tuple[Report, list[str]]:
    """Read what the page of a moment says.

    Args:
        now: when it is read.

    Returns:
        It, and the ids of the community's members whom it names.
    """
    day = reporting_day(as_of)
    parts = [
        *[
            Part(name, one.title, _read(transaction, one.charts, day))
            for name, one in sections.items()
        ],
        Part("operations", "Jobs", _read(transaction, OPERATIONS, day)),
    ]
    troubles, look = _find_troubles(transaction, sections)
    report = Report(
        day,
        as_of,
        now,
        [*_tell(transaction, sections, day), look],
        parts,
        troubles,
        _read_jobs(transaction, job_names, day),
    )
    return report, sorted(_find_named(parts))


def _read(transaction: Transaction, charts: Sequence[Chart], day: date) -> list[Reading]:
    frames = {
        statement: transaction.read(statement, **values_for(statement, day))
        for statement in dict.fromkeys(chart.statement for chart in charts)
    }
    return [Reading(chart, chart.shape(frames[chart.statement])) for chart in charts]


def _tell(transaction: Transaction, sections: Mapping[str, Section], day: date) -> list[str]:
    """Say in two sentences what changed: in the first domain, and in the others or in more detail."""
    told = [
        section.tell(transaction.read_row(section.week, day=day) or {})
        for section in sections.values()
    ]
    (first, more), others = told[0], [headline for headline, _more in told[1:]]
    if not others:
        return [first, more]
    return [first, "; ".join([others[0].rstrip("."), *[_go_on(one) for one in others[1:]]]) + "."]


def _go_on(sentence: str) -> str:
    return (sentence[0].lower() + sentence[1:]).rstrip(".")


def _find_troubles(
    transaction: Transaction, sections: Mapping[str, Section]
) -> tuple[list[Trouble], str]:
    """Find what needs a look, each once, and count it in a sentence.

    A job that is late or fails again and again is an open incident, as for `trc status`.
    """
    rows = transaction.read_rows("reports/select_troubles")
    counts = {part: sum(row["part"] == part for row in rows) for part in _PARTS}
    waiting = [said for one in sections.values() for said in one.find_waiting(transaction)]
    found = [count(number, _PARTS[part]) for part, number in counts.items() if number]
    troubles = [Trouble(row["what"], row["message"], row["since"]) for row in rows]
    if not (found or waiting):
        return [], "Nothing needs a look: no open incident, no failed check."
    return troubles, f"Needs a look: {join([*found, *waiting])}."


def _read_jobs(
    transaction: Transaction, job_names: Sequence[str], day: date
) -> list[Sequence[str]]:
    rows = {row["job_name"]: row for row in transaction.read_rows("reports/select_jobs", day=day)}
    return [_write_job(name, rows.get(name, {})) for name in job_names]


def _write_job(name: str, row: Mapping[str, Any]) -> Sequence[str]:
    last = row.get("last_success_at")
    return [
        name,
        write(last, "moment") if last else "never",
        write(row.get("runs") or 0, "count"),
        write(row.get("failed") or 0, "count"),
        write(row.get("median_seconds"), "seconds"),
    ]


def _find_named(parts: Sequence[Part]) -> set[str]:
    frames = [reading.frame for part in parts for reading in part.readings]
    return {
        str(member) for frame in frames if "member_id" in frame for member in frame["member_id"]
    }


def write_page(path: Path, html: str) -> None:
    """Write a page to its file at once: who opens it sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_suffix(".next")
    written.write_text(html, encoding="utf-8")
    written.replace(path)


def end_of(day: date, now: datetime) -> datetime:
    """Give the moment at which the figures of a day are complete: its end, or now while it is open."""
    return min(midnight(day + timedelta(days=1)), now.astimezone(UTC))
