"""What the jobs need of an app's tables, as data: columns, types, keys, indexes, who reads and writes.

`sql/app_relations`, the tables of docs/app-tables.md, the columns Dagster shows and what `trc doctor`
expects are all made from these declarations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trc_pipelines.jobs.contract import Relation, ShownColumn

# Keys are whatever the app has (uuid, cuid, number), as text. They sort by bytes, whatever the
# language of the database.
KEY = 'text COLLATE "C"'


@dataclass(frozen=True)
class Column:
    """A column of an app's relation.

    Attributes:
        type: as PostgreSQL writes it.
        meaning: what people read in the docs, in the database and in the UI.
        is_nullable: whether it may be NULL, which the meaning explains.
        default: what a table of ours fills in, in SQL.
        values: the words it accepts; () where any is.
        check: what else a table of ours refuses, as a condition in SQL.
        is_needed: whether a job reads or writes it. A view may leave out one that is not.
    """

    name: str
    type: str
    meaning: str
    is_nullable: bool = False
    default: str | None = None
    values: Sequence[str] = ()
    check: str | None = None
    is_needed: bool = True

    @property
    def plain_type(self) -> str:
        """Its type without the collation, which is no matter of the app's."""
        return self.type.split(" COLLATE ")[0]


@dataclass(frozen=True)
class Index:
    """An index that keeps a job from reading a whole table.

    Attributes:
        definition: what follows the table's name in CREATE INDEX.
        serves: the job that is slow without it.
    """

    name: str
    definition: str
    serves: str


@dataclass(frozen=True, kw_only=True)
class AppRelation(Relation):
    """A table or view that belongs to an app.

    Attributes:
        writers: who writes it, in words.
        key: the columns that name a row: never there twice, and never another row's later.
        unique: further columns that are never there twice together, by the constraint's name.
        checks: what a table of ours refuses across columns, by the constraint's name.
        ports: the functions through which jobs change it, each with the columns that it sets; none
            where it makes or removes rows.
    """

    writers: str
    columns: Sequence[Column]
    key: Sequence[str] = ()
    unique: Mapping[str, Sequence[str]] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    indexes: Sequence[Index] = ()
    ports: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def shown_columns(self) -> Sequence[ShownColumn]:
        """Its columns as people see them in the UI."""
        return [
            ShownColumn(
                column.name,
                column.plain_type,
                column.meaning,
                column.is_nullable,
                is_unique=list(self.key) == [column.name],
            )
            for column in self.columns
        ]

    @property
    def domain(self) -> str:
        """Whose jobs work on it."""
        return self.table.split(".")[0]

    @property
    def name(self) -> str:
        """Its name without the schema."""
        return self.table.split(".")[1]

    @property
    def is_needed(self) -> bool:
        """Whether a job reads or writes any of it."""
        return any(column.is_needed for column in self.columns)
