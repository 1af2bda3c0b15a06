"""`trc report`: the page of a day as a file, made now if there is none."""

import webbrowser
from datetime import UTC, date, datetime
from pathlib import Path

import typer

from trc_pipelines.calendar import reporting_day
from trc_pipelines.cli.installation import Installation, open_installation, require_schema
from trc_pipelines.cli.output import say
from trc_pipelines.domains import Catalogue, read_catalogue
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.reports.engagement import FOLDER, NEWEST, end_of, read_report, write_page
from trc_pipelines.reports.page import render


def show_report(day: str | None, domain: str | None, *, open_it: bool) -> None:
    """Write the page of a day, and say where it is."""
    now = datetime.now(UTC).replace(microsecond=0)
    wanted = _parse_day(day, now)
    with open_installation() as installation:
        require_schema(installation)
        catalogue = read_catalogue(installation.settings)
        path = (
            _make_of_domain(installation, catalogue, domain, wanted, now)
            if domain
            else _find_or_make(installation, catalogue, wanted, now)
        )
    say(str(path))
    if open_it and not webbrowser.open(path.as_uri()):
        raise JobError(f"no browser can be opened here; open the file yourself: {path}")


def newest_page(installation: Installation) -> Path | None:
    """Find the newest page as a file, if it was made here."""
    path = installation.settings.trc_home / FOLDER / NEWEST
    return path if path.exists() else None


def _parse_day(text: str | None, now: datetime) -> date | None:
    """Read the day a person asks for; None: the newest."""
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no day; it accepts one as 2026-11-18", param_hint="--day"
        ) from None
    if day > now.date():
        raise typer.BadParameter(
            f"{day} is still to come; it accepts days up to today, {now.date()}", param_hint="--day"
        )
    return day


def _find_or_make(
    installation: Installation, catalogue: Catalogue, wanted: date | None, now: datetime
) -> Path:
    """Make the page of today, or write the one that is kept of a day, if there is one.

    Raises:
        JobError: none is kept of a day that is over, or it cannot be made.
    """
    day, today = wanted or reporting_day(now), reporting_day(now)
    html = _read_page(installation, day) if wanted else None
    if html is None and day == today:
        from trc_pipelines.cli.runs import run_job  # Dagster takes seconds

        outcome = run_job(installation, catalogue.engagement, now)
        if not outcome.success:
            raise JobError(f"the report could not be made: {outcome.message}")
        html = _read_page(installation, day)
    if html is None:
        raise JobError(
            f"no page is kept of {day}. One domain of it can be made now from what is known: "
            f"trc report --day {day} --domain {catalogue.domains[0].name}"
        )
    path = installation.settings.trc_home / FOLDER / (f"{day}.html" if wanted else NEWEST)
    write_page(path, html)
    return path


def _read_page(installation: Installation, day: date) -> str | None:
    with installation.database.transaction(commit=False) as transaction:
        row = transaction.read_row("reports/select_engagement", day=day)
    return row["html"] if row else None


def _make_of_domain(
    installation: Installation,
    catalogue: Catalogue,
    domain: str,
    wanted: date | None,
    now: datetime,
) -> Path:
    """Make a page of one domain from what is known now. It is not kept."""
    sections = {one.name: one.section for one in catalogue.domains if one.section}
    if domain not in sections:
        raise typer.BadParameter(
            f"there is no domain {domain!r}; it accepts {', '.join(sections)}",
            param_hint="--domain",
        )
    as_of = end_of(wanted, now) if wanted else now
    names = [job.name for job in catalogue.jobs]
    with installation.database.snapshot() as transaction:
        report, _named = read_report(transaction, {domain: sections[domain]}, names, as_of)
    path = installation.settings.trc_home / FOLDER / f"{report.day}-{domain}.html"
    write_page(path, render(report))
    return path
