"""The columns of our tables as the migrations declare them: known where no database is."""

import re
from dataclasses import dataclass
from functools import cache

from trc_pipelines.database.statements import SQL_FOLDER

_TABLE = re.compile(r"^CREATE TABLE (\w+\.\w+) \(\n(.*?)^\)", re.DOTALL | re.MULTILINE)
_COLUMN = re.compile(
    r"^    ([a-z]\w*) (.+?)(?= NOT NULL| NULL| CONSTRAINT| DEFAULT| GENERATED| COLLATE|,?$)",
    re.MULTILINE,
)
# A long one is several strings, each on a line of its own.
_STRING = r"'((?:[^']|'')*)'"
_COMMENT = re.compile(rf"^COMMENT ON COLUMN (\w+\.\w+)\.(\w+) IS((?:\s+{_STRING})+);", re.MULTILINE)


@dataclass(frozen=True)
class DeclaredColumn:
    """A column: its name, its type as the migration writes it, and what it says."""

    name: str
    type: str
    description: str


@cache
def read_declared_columns() -> dict[str, list[DeclaredColumn]]:
    """Read the columns of each table by `schema.table`, in their order.

    Views are not among them: what their columns are, only the database knows.
    """
    files = sorted((SQL_FOLDER / "migrations").glob("*.sql"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    said = {
        (table, column): "".join(re.findall(_STRING, strings)).replace("''", "'")
        for table, column, strings, _last in _COMMENT.findall(text)
    }
    return {
        table: [
            DeclaredColumn(name, type_, said.get((table, name), ""))
            for name, type_ in _COLUMN.findall(body)
        ]
        for table, body in _TABLE.findall(text)
    }
