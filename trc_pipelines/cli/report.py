"""`trc report`: the page of a day as a file, made now if there is none."""

import webbrowser
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import typer

from trc_pipelines.calendar import reporting_day
from trc_pipelines.cli.installation import Installation, open_installation, require_schema
from trc_pipelines.cli.output import hint, say
from trc_pipelines.domains import Catalogue, read_catalogue
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.reports.declarations import Section
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
    """Make the page of today, or write the one that is kept of a day; without one, from what is known now.

    Raises:
        JobError: that of today cannot be made.
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
        hint(f"no page is kept of {day}: this one is made from what is known now, and not kept")
        html = _make(installation, catalogue, _find_sections(catalogue), end_of(day, now), now)
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
    sections = _find_sections(catalogue)
    if domain not in sections:
        raise typer.BadParameter(
            f"there is no domain {domain!r}; it accepts {', '.join(sections)}",
            param_hint="--domain",
        )
    as_of = end_of(wanted, now) if wanted else now
    html = _make(installation, catalogue, {domain: sections[domain]}, as_of, now)
    path = installation.settings.trc_home / FOLDER / f"{reporting_day(as_of)}-{domain}.html"
    write_page(path, html)
    return path


def _find_sections(catalogue: Catalogue) -> dict[str, Section]:
    return {one.name: one.section for one in catalogue.domains if one.section}


def _make(
    installation: Installation,
    catalogue: Catalogue,
    sections: Mapping[str, Section],
    as_of: datetime,
    now: datetime,
) -> str:
    names = [job.name for job in catalogue.jobs]
    with installation.database.snapshot() as transaction:
        report, _named = read_report(transaction, sections, names, as_of, now)
    return render(report)
