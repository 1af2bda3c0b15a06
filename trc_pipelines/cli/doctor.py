"""`trc doctor`: whether the apps' tables and views are what the jobs need, and what mends them."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated

import pandas as pd
import typer

from trc_pipelines.app_relations.declarations import AppRelation
from trc_pipelines.app_relations.doctor import ERROR, Finding
from trc_pipelines.app_relations.inspection import examine
from trc_pipelines.app_relations.probes import Scan
from trc_pipelines.app_relations.remedies import write_template
from trc_pipelines.cli.installation import Installation, open_installation
from trc_pipelines.cli.output import AsJson, print_json, print_table, say, track
from trc_pipelines.database.migrations import has_database
from trc_pipelines.domains import load_domains, read_catalogue
from trc_pipelines.jobs.contract import JobError
from trc_pipelines.names import clean_name
from trc_pipelines.settings import KNOWN_DOMAINS

MAX_LINE_LENGTH = 300


def show_findings(
    template: Annotated[
        str | None,
        typer.Option(
            metavar="DOMAIN",
            help="Print a view for each relation of a domain, as a form to fill in, and examine nothing.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Examine the apps' tables and views: every column, type, value, key, right and index the jobs need.

    Lists everything that does not fit at once, each with the SQL that mends it and who has to run it.
    Nothing is changed. The exit code is 1 when there are errors. Run it after you made views over your
    app, and before each deployment of the app. `trc db migrate` and `trc up` ask it first.

    Errors stop the jobs or make them wrong. Warnings are yours to judge.
    """
    if template is not None:
        say(_write_form(template))
        return
    with open_installation() as installation:
        tell_findings(installation, as_json=as_json)


def tell_findings(installation: Installation, *, as_json: bool = False) -> None:
    """Examine the apps' tables, and print what does not fit.

    Raises:
        JobError: there are errors.
    """
    findings = find(installation, show_progress=not as_json)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        _show(findings)
    refuse(findings)


def find(installation: Installation, *, show_progress: bool = False) -> list[Finding]:
    """Examine what the domains that are switched on need of the apps."""

    def follow(scans: Sequence[Scan]) -> Iterable[Scan]:
        return track(scans, len(scans), "Reading the apps' tables …") if show_progress else scans

    return examine(installation.database, _declared(installation), follow)


def require_fitting_apps(installation: Installation) -> None:
    """Examine before anything is applied or started. On a new database there is nothing to find.

    Raises:
        JobError: there are errors, which are printed with the warnings.
    """
    is_there = has_database(installation.database.direct.url)
    declared = _declared(installation)
    findings = (
        examine(installation.database, declared, is_before_migration=True) if is_there else []
    )
    if findings:
        _show(findings)
    refuse(findings)


def count_errors(findings: Sequence[Finding]) -> int:
    """Count those that stop the jobs."""
    return sum(finding.severity == ERROR for finding in findings)


def summarise(findings: Sequence[Finding]) -> str:
    """Say in one line what was found."""
    errors = count_errors(findings)
    warnings = len(findings) - errors
    if not findings:
        return "the apps' tables fit"
    return f"the apps' tables: {errors} errors, {warnings} warnings; see: trc doctor"


def refuse(findings: Sequence[Finding]) -> None:
    """Raise JobError when there are errors."""
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        tables = dict.fromkeys(finding.relation for finding in errors)
        raise JobError(
            f"{len(errors)} errors in {', '.join(tables)}: run the SQL above, then trc doctor again"
        )


def _declared(installation: Installation) -> list[AppRelation]:
    return read_catalogue(installation.settings).app_relations


def _show(findings: Sequence[Finding]) -> None:
    """Print a table for each relation, then the SQL that mends it, each statement once."""
    for relation, group in itertools.groupby(findings, lambda finding: finding.relation):
        of_relation = list(group)
        rows = [
            {
                "": finding.severity,
                "column": finding.column,
                "found": finding.found,
                "expected": finding.expected,
            }
            for finding in of_relation
        ]
        print_table(relation, pd.DataFrame(rows))
        for message in dict.fromkeys(finding.message for finding in of_relation):
            say(f"  {clean_name(message, MAX_LINE_LENGTH)}")
        remedies = dict.fromkeys((each.remedy_sql, each.run_by) for each in of_relation)
        for sql, role in remedies:
            say(f"\n-- Mends {relation}" + (f", run by {role}:" if role else ":"))
            for line in sql.split("\n"):
                indent = line[: len(line) - len(line.lstrip())]
                say(indent + clean_name(line, 10_000) if line.strip() else "")
        say("")
    say(summarise(findings).removesuffix("; see: trc doctor"))


def _write_form(domain: str) -> str:
    if domain not in KNOWN_DOMAINS:
        raise typer.BadParameter(
            f"there is no domain {domain!r}; it accepts {', '.join(KNOWN_DOMAINS)}",
            param_hint="--template",
        )
    forms = [write_template(each) for each in load_domains([domain])[0].app_relations]
    head = (
        "-- Views over the app, one for each relation: put its names between < and >, leave out what may\n"
        f"-- be left out, run it, then: trc doctor\n\nCREATE SCHEMA IF NOT EXISTS {domain};"
    )
    return "\n\n".join([head, *forms])
