"""What a database has: its relations, what views read, who may. Facts of the catalogue, nothing judged."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

_NAME = r'(?:\w+|"(?:[^"]|"")+")'
# A column, also as text: the same value, and for an app's text the same index.
_PLAIN = re.compile(rf"\(?(?:({_NAME})\.)?({_NAME})\)?(?:::text)?")
_PART = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\s+|.""", re.DOTALL)
_WRITE = re.compile(rf"\b(UPDATE|INSERT\s+INTO|DELETE\s+FROM)\s+({_NAME})\.({_NAME})", re.I)
TEXTS = ("text", "character varying")


@dataclass(frozen=True)
class FoundColumn:
    """A column as it is.

    Attributes:
        base_type: without length, and of a domain the type behind it.
        full_type: as it was declared.
        is_key: whether it is in the primary key.
        words: those of an enum.
    """

    name: str
    base_type: str
    full_type: str
    is_not_null: bool = False
    is_key: bool = False
    words: Sequence[str] = ()
    description: str | None = None
    can_read: bool = True
    is_updatable: bool = True


@dataclass(frozen=True)
class FoundRelation:
    """A table or view as it is; `kind` is pg_class.relkind, `definition` the query of a view."""

    relation_id: int
    schema_name: str
    relation_name: str
    kind: str
    owner: str
    schema_owner: str
    rows_about: int
    definition: str | None
    options: str | None
    description: str | None
    can_use_schema: bool
    triggers: Sequence[str]
    grants: Sequence[str]
    columns: Mapping[str, FoundColumn]
    takes_rows: bool = True

    @property
    def table(self) -> str:
        """Its name as the declarations have it."""
        return f"{self.schema_name}.{self.relation_name}"

    @property
    def is_view(self) -> bool:
        """Whether it shows what other relations have."""
        return self.kind in ("v", "m")

    @property
    def quoted(self) -> str:
        """Its name in SQL."""
        return f"{quote_name(self.schema_name)}.{quote_name(self.relation_name)}"

    @cached_property
    def select(self) -> "Select | None":
        """Its query in parts, where it is a plain SELECT."""
        return split_select(self.definition or "", list(self.columns))


@dataclass(frozen=True)
class Select:
    """A plain SELECT: the expression of each column, and everything from FROM on."""

    expressions: Mapping[str, str]
    rest: str


@dataclass(frozen=True)
class Reading:
    """A view reads a column (None: the relation as such), and the server checks whether a role may."""

    view_id: int
    relation_id: int
    column_name: str | None
    checked_as: str
    can_read: bool


@dataclass(frozen=True)
class RowSecurity:
    """Row level security of a table, as it applies to a role.

    Attributes:
        command: r, a, w or d: to read, insert, update or delete.
        is_whole: whether a policy lets it do so with every row.
        is_restricted: whether another takes some back.
    """

    relation_id: int
    checked_as: str
    command: str
    is_whole: bool
    is_restricted: bool
    policies: str


@dataclass(frozen=True)
class RefusedFunction:
    """A function that a view calls and the login may not."""

    view_id: int
    signature: str
    owner: str


@dataclass(frozen=True)
class Port:
    """A function through which jobs write, and the role it writes as."""

    body: str
    acts_as: str

    def written(self) -> Iterator[tuple[str, str]]:
        """Yield the relations it writes, each with the command as `RowSecurity` has it."""
        for verb, schema, name in _WRITE.findall(self.body):
            table = f"{unquote_name(schema)}.{unquote_name(name)}"
            yield table, {"UPDATE": "w", "INSERT": "a", "DELETE": "d"}[verb.split()[0].upper()]


@dataclass(frozen=True)
class Found:
    """Everything that was found, as of one moment."""

    login: str
    server_version: int
    relations: Mapping[int, FoundRelation]
    readings: Sequence[Reading]
    row_security: Sequence[RowSecurity]
    refused_functions: Sequence[RefusedFunction]
    indexes: Sequence[tuple[int, str]]
    ports: Mapping[str, Port] = field(default_factory=dict)

    @cached_property
    def by_table(self) -> dict[str, FoundRelation]:
        """The relations by name."""
        return {each.table: each for each in self.relations.values()}

    def read_by(self, relation: FoundRelation) -> Iterator[Reading]:
        """Yield what a view reads, down to the tables."""
        seen: set[int] = set()
        waiting = [relation.relation_id]
        while waiting:
            view_id = waiting.pop()
            if view_id in seen:
                continue
            seen.add(view_id)
            for reading in self.readings:
                if reading.view_id == view_id:
                    yield reading
                    waiting.append(reading.relation_id)

    def dependents(self, relation: FoundRelation) -> list[FoundRelation]:
        """List the views that read a relation: first those that read it themselves, then theirs."""
        order: list[int] = []
        waiting = [relation.relation_id]
        while waiting:
            below = waiting.pop(0)
            for view_id in sorted({r.view_id for r in self.readings if r.relation_id == below}):
                if view_id in order:
                    order.remove(view_id)
                order.append(view_id)
                waiting.append(view_id)
        return [self.relations[view_id] for view_id in order]

    def sources(self, view: FoundRelation, *, inside: bool = False) -> dict[str, FoundRelation]:
        """Map the names that a plain SELECT gives to what it reads; `inside`: its inner queries too."""
        rest = view.select.rest if view.select else ""
        if not inside:
            rest = _without_queries(rest)
        named = {}
        for relation_id in {r.relation_id for r in self.readings if r.view_id == view.relation_id}:
            source = self.relations[relation_id]
            alias = rf'{re.escape(source.quoted)}(?![\w"])(?: ([a-z_]\w*|"(?:[^"]|"")+"))?'
            for match in re.finditer(alias, rest):
                named[unquote_name(match[1] or quote_name(source.relation_name))] = source
        return named

    def origin(self, relation: FoundRelation, column: str) -> tuple[FoundRelation, str] | None:
        """Find the table and expression behind a column: of a plain column its name, quoted.

        Returns:
            None where the query of a view does not show it.
        """
        if not relation.is_view:
            return relation, quote_name(column)
        if not relation.select:
            return None
        expression = relation.select.expressions[column]
        sources = self.sources(relation)
        named = {unquote_name(each) for each in re.findall(rf"({_NAME})\.", expression)}
        behind = {sources[each].relation_id for each in named & sources.keys()} or {
            each.relation_id for each in sources.values()
        }
        if len(behind) != 1:
            return None
        table = self.relations[behind.pop()]
        plain = _PLAIN.fullmatch(expression)
        below = table.columns.get(unquote_name(plain[2])) if plain else None
        if below and ("::" not in expression or below.base_type in TEXTS):
            return self.origin(table, below.name)
        return None if table.is_view else (table, re.sub(rf"{_NAME}\.(?={_NAME})", "", expression))


def split_select(definition: str, columns: Sequence[str]) -> Select | None:
    """Split the query of a view as PostgreSQL writes it, or return None where it is no plain SELECT."""
    items, item, rest, depth = [], "", "", 0
    parts = _PART.findall(definition.strip().rstrip(";"))
    if not parts or parts[0] != "SELECT" or "DISTINCT" in parts[:3]:
        return None
    for number, part in enumerate(parts[1:], 1):
        depth += (part in "([") - (part in ")]")
        if depth == 0 and part == "FROM":
            rest = "".join(parts[number:])
            break
        if depth == 0 and part == ",":
            items.append(item)
            item = ""
        else:
            item += part
    items.append(item)
    outside = _at_top(rest)
    if len(items) != len(columns) or {"UNION", "INTERSECT", "EXCEPT"} & outside:
        return None
    expressions = [
        re.sub(rf"\s+AS\s+{_NAME}$", "", " ".join(each.split())) if " AS " in each else each.strip()
        for each in items
    ]
    return Select(dict(zip(columns, expressions, strict=True)), rest)


def _without_queries(text: str) -> str:
    """Cut out the queries inside a text. Joins in parentheses stay."""
    kept, depths = "", []
    parts = _PART.findall(text)
    for number, part in enumerate(parts):
        if part == "(":
            begins = next((each for each in parts[number + 1 :] if each.strip()), "")
            depths.append(begins in ("SELECT", "WITH", "VALUES"))
        if not any(depths):
            kept += part
        if part == ")" and depths:
            depths.pop()
    return kept


def _at_top(text: str) -> set[str]:
    """Collect the words outside parentheses."""
    depth, words = 0, set()
    for part in _PART.findall(text):
        depth += (part == "(") - (part == ")")
        if depth == 0:
            words.add(part)
    return words


def quote_name(name: str) -> str:
    """Quote a name as SQL does, where it must be."""
    doubled = name.replace('"', '""')
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else f'"{doubled}"'


def unquote_name(name: str) -> str:
    """Read a name as SQL writes it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
