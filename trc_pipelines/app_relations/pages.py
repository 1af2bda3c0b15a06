"""The tables of docs/app-tables.md: what each relation of an app has to have."""

import re
from collections.abc import Mapping, Sequence

from trc_pipelines.app_relations.declarations import AppRelation, Column
from trc_pipelines.jobs.contract import Step

_SECTION = re.compile(r"(<!-- relations of (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill_page(
    page: str, relations: Mapping[str, Sequence[AppRelation]], steps: Sequence[Step]
) -> str:
    """Put the tables of each domain between the marks of its section.

    Args:
        steps: what they declare to read says who reads a relation.

    Raises:
        KeyError: a section names a domain that there is not.
    """

    def describe(relation: AppRelation) -> str:
        readers = [
            step.table for step in steps if relation in step.deps or relation.table == step.table
        ]
        return _describe(relation, readers)

    def fill(section: re.Match[str]) -> str:
        begin, domain, end = section.groups()
        return "\n".join([begin, *map(describe, relations[domain]), end])

    return _SECTION.sub(fill, page)


def _describe(relation: AppRelation, readers: Sequence[str]) -> str:
    key = ", ".join(f"`{name}`" for name in relation.key)
    unique = [
        "Unique: " + ", ".join(f"`{name}`" for name in columns) + "."
        for columns in [*([relation.key] if key else []), *relation.unique.values()]
    ]
    return "\n".join(
        [
            f"#### `{relation.table}`\n",
            " ".join([relation.description, *unique]),
            f"*Written by*: {relation.writers}",
            f"*Read for*: {', '.join(f'`{table}`' for table in readers) or 'nothing'}.\n",
            "| column | type | |",
            "|---|---|---|",
            *[_row(column) for column in relation.columns],
            "",
        ]
    )


def _row(column: Column) -> str:
    notes = [column.meaning]
    if not column.is_nullable:
        notes.append("Not NULL.")
    if column.values:
        notes.append("One of " + ", ".join(f"`{value}`" for value in column.values) + ".")
    if not column.is_needed:
        notes.append("*A view may leave it out.*")
    return f"| `{column.name}` | {column.plain_type} | {' '.join(notes)} |"
