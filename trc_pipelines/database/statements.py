"""SQL statements by name: `community/select_pending_syncs` is that file under `sql/`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from trc_pipelines.settings import PROJECT_ROOT

SQL_FOLDER = PROJECT_ROOT / "sql"

# A parameter, or what only looks as if it held one. SQLAlchemy's text() knows neither comments nor
# strings, and no parameter with a cast behind it (`:day::date`).
_PARAMETER = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/                # comments
    | \b[eE]'(?:[^'\\]|''|\\.)*'        # strings with escapes
    | '(?:[^']|'')*' | "(?:[^"]|"")*"   # strings, quoted identifiers
    | (?P<dollars>(?<!\w)\$(?:[a-zA-Z_]\w*)?\$).*?(?P=dollars)
    | (?<![:\w)\]]):(?P<name>[a-z_]\w*) # neither a cast nor the end of a slice
    """,
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Statement:
    """A statement as the database takes it.

    Attributes:
        text: with `$1`, `$2` … for its parameters.
        parameters: their names in that order.
    """

    name: str
    text: str
    parameters: tuple[str, ...]

    def bind(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Return the values in the order of the parameters.

        Raises:
            TypeError: a parameter has no value, or a value no parameter.
        """
        if values.keys() != set(self.parameters):
            missing = [name for name in self.parameters if name not in values]
            unknown = [name for name in values if name not in self.parameters]
            raise TypeError(
                f"{self.name} takes {', '.join(self.parameters) or 'no parameters'}"
                + (f"; missing: {', '.join(missing)}" if missing else "")
                + (f"; unknown: {', '.join(unknown)}" if unknown else "")
            )
        return tuple([values[name] for name in self.parameters])


def read_file(name: str) -> str:
    """Read the text of `sql/<name>.sql` as it is."""
    return (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@cache
def load_statement(name: str) -> Statement:
    """Load the statement in `sql/<name>.sql`, whose parameters are written `:as_of`."""
    return parse_statement(name, read_file(name))


def parse_statement(name: str, text: str) -> Statement:
    """Parse the text of a statement. A parameter may be used more than once."""
    numbers: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        parameter = match["name"]
        if parameter is None:
            return match[0]
        return f"${numbers.setdefault(parameter, len(numbers) + 1)}"

    return Statement(name, _PARAMETER.sub(number, text), tuple(numbers))
