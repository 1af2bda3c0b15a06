"""What was released stays as it was, and its databases become today's with everything in them."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from trc_pipelines.database import migrations, statements
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import client_program
from trc_pipelines.database.migrations import SHARED, migrate
from trc_pipelines.settings import KNOWN_DOMAINS as DOMAINS
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.catalogue import CHECKS
from trc_pipelines_tests.database.plain_sql import read, run_sql
from trc_pipelines_tests.servers import create_database, with_database

# A release is the digests of its migrations, and rows of its tables: the files are still there.
RELEASES = sorted(Path(__file__).parent.glob("releases/*.sha256"), key=lambda path: path.stem)
LATEST = 18
# The folders in use, before a test puts copies in their place.
SQL_FOLDER, SCRIPTS = statements.SQL_FOLDER, migrations._SCRIPTS


@pytest.fixture
def empty_url(servers: dict[int, str]) -> str:
    """A database with nothing in it, on the version people get."""
    return create_database(servers[LATEST], template="template1")


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the migrations in which files are added and taken away, used instead of them."""
    put_all_back(tmp_path)
    monkeypatch.setattr(statements, "SQL_FOLDER", tmp_path / "sql")
    monkeypatch.setattr(migrations, "_FOLDER", tmp_path / "sql/migrations")
    monkeypatch.setattr(migrations, "_SCRIPTS", tmp_path / "alembic")
    statements.load_statement.cache_clear()
    yield tmp_path
    statements.load_statement.cache_clear()


def put_all_back(workshop: Path) -> None:
    shutil.copytree(SQL_FOLDER, workshop / "sql", dirs_exist_ok=True)
    shutil.copytree(SCRIPTS, workshop / "alembic", dirs_exist_ok=True)


def digests(release: Path) -> dict[str, str]:
    lines = release.read_text().splitlines()
    return {name.removesuffix(".sql"): digest for digest, name in map(str.split, lines)}


def add_migration(workshop: Path, name: str, after: str, sql: str, depends_on: str = "") -> None:
    """Write the two files that CONTRIBUTING asks for."""
    (workshop / f"sql/migrations/{name}.sql").write_text(sql)
    (workshop / f"alembic/versions/{name}.py").write_text(
        "from trc_pipelines.database.migrations import sql_file\n"
        f"revision = {name!r}\ndown_revision = {after!r}\n"
        f"depends_on = {depends_on or None!r}\nupgrade = sql_file(revision)\n"
    )


def keep_only(workshop: Path, names: set[str]) -> None:
    for path in [*workshop.glob("sql/migrations/*.sql"), *workshop.glob("alembic/versions/*.py")]:
        if path.stem not in names:
            path.unlink()


def describe_schema(url: str) -> set[str]:
    """What pg_dump says, a string a statement; columns in any order. Partitions come with readings."""
    partitions = "--exclude-table=community.mee6_leaderboard_snapshot_*"
    command = [client_program("pg_dump", LATEST), "--schema-only", partitions, url]
    dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = re.sub(r"^(--|\\).*\n", "", dump, flags=re.MULTILINE)
    found = set()
    for statement in re.split(r";\n\n+", text):
        lines = [line.rstrip(",") for line in statement.strip().splitlines()]
        is_table = statement.strip().startswith("CREATE TABLE")
        found.add("\n".join(sorted(lines) if is_table else lines))
    return found


def read_rows(url: str) -> dict[str, list[dict]]:
    """Every row of every table of ours, but Alembic's and our record of migrations."""
    tables = read(
        url,
        "SELECT c.oid::regclass::text FROM pg_class AS c "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace::regnamespace::text "
        f"IN {(*SHARED, *DOMAINS)} AND c.relname NOT IN ('alembic_version', 'migrations') ORDER BY 1",
    )
    return {
        name: read(url, f"SELECT to_jsonb(t) FROM {name} AS t ORDER BY to_jsonb(t)::text")
        for name in tables
    }


# A new domain names the tables of its app: rows may come, none may go or change.
WITH_ROWS_OF_MIGRATIONS = {"operations.app_relations"}


def assert_kept(before: dict[str, list[dict]], after: dict[str, list[dict]]) -> None:
    """A migration that changes rows on purpose needs an exception here, with its reason."""
    for table, rows in before.items():
        kept = [
            {column: value for column, value in row.items() if rows and column in rows[0]}
            for row in after[table]
        ]
        if table in WITH_ROWS_OF_MIGRATIONS:
            kept = [row for row in kept if row in rows]
        assert sorted(kept, key=str) == sorted(rows, key=str), table


def broken_promises(url: str) -> list[str]:
    """Checks of today's code that find fault: chains of digests, sums, archives."""
    with Database(url, 30, 5).transaction() as transaction:
        return [check.name for check in CHECKS if len(check.find_violations(transaction))]


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_migration_that_was_released_is_as_it_was(release: Path) -> None:
    now = {
        name: hashlib.sha256((migrations._FOLDER / f"{name}.sql").read_bytes()).hexdigest()
        for name in digests(release)
    }
    assert now == digests(release), (
        f"{release.stem} was released with other files: restore them, and add a new one. While it is "
        f"not tagged: (cd sql/migrations && sha256sum *.sql) > {release.relative_to(PROJECT_ROOT)}"
    )


@pytest.mark.parametrize("version", [18, 16])
@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_database_of_a_release_becomes_todays_with_everything_in_it(
    servers: dict[int, str], workshop: Path, release: Path, version: int
) -> None:
    url = create_database(servers[version], template="template1")
    today = sorted(path.stem for path in (SQL_FOLDER / "migrations").glob("*.sql"))
    released = list(digests(release))
    keep_only(workshop, set(released))
    assert migrate(url) == released
    run_sql(url, release.with_suffix(".sql").read_text())
    before = read_rows(url)
    assert sum(bool(rows) for rows in before.values()) > 20
    put_all_back(workshop)
    assert migrate(url) == [name for name in today if name not in released]
    assert migrations.pending_migrations(url) == []
    assert_kept(before, read_rows(url))
    assert broken_promises(url) == []
    fresh = with_database(url, "migrated")
    assert describe_schema(url) == describe_schema(fresh)


NEXT = {
    "operations": "ALTER TABLE operations.jobs ADD COLUMN note text; "
    "COMMENT ON COLUMN operations.jobs.note IS 'Note.';",
    "leaderboards": "ALTER TABLE leaderboards.boards ADD COLUMN note text;",
    "community": "ALTER TABLE community.point_ledger ADD COLUMN note text NOT NULL DEFAULT '';",
    "quiz": "CREATE TABLE quiz.hints (user_id uuid CONSTRAINT hints_pkey PRIMARY KEY);",
    "betting": "ALTER TABLE betting.bankroll_ledger ALTER COLUMN amount TYPE numeric;",
    "reports": "ALTER TABLE reports.engagement ADD COLUMN note text;",
}


def add_one_to_each_schema(workshop: Path, release: Path) -> list[str]:
    last = {name.split("_")[1]: name for name in digests(release)}
    names = [f"{900 + number:04}_{schema}_next" for number, schema in enumerate(NEXT)]
    keep_only(workshop, set(digests(release)))
    for name, (schema, sql) in zip(names, NEXT.items(), strict=True):
        # The quiz needs something new of operations.
        depends_on = names[0] if schema == "quiz" else ""
        add_migration(workshop, name, last[schema], sql, depends_on)
    return names


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_next_migration_of_each_schema_follows_its_last(
    empty_url: str, workshop: Path, release: Path
) -> None:
    keep_only(workshop, set(digests(release)))
    migrate(empty_url)
    run_sql(empty_url, release.with_suffix(".sql").read_text())
    before = read_rows(empty_url)
    names = add_one_to_each_schema(workshop, release)
    assert migrations.pending_migrations(empty_url) == names
    assert migrate(empty_url) == names
    assert migrate(empty_url) == []
    assert_kept(before, read_rows(empty_url))
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'quiz.hints'::regclass"
    assert read(empty_url, owner) == ["trc_owner"]


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_domain_that_is_not_installed_misses_its_next_migration_too(
    empty_url: str, workshop: Path, release: Path
) -> None:
    keep_only(workshop, set(digests(release)))
    migrate(empty_url, ["quiz"])
    operations, leaderboards, community, quiz, betting, reports = add_one_to_each_schema(
        workshop, release
    )
    assert migrate(empty_url, ["quiz"]) == [operations, leaderboards, quiz, reports]
    rest = [name for name in digests(release) if name.split("_")[1] not in (*SHARED, "quiz")]
    assert migrate(empty_url) == [*rest, community, betting]


def test_an_upgrade_that_loses_a_row_is_noticed(empty_url: str, workshop: Path) -> None:
    release = RELEASES[-1]
    keep_only(workshop, set(digests(release)))
    migrate(empty_url)
    run_sql(empty_url, release.with_suffix(".sql").read_text())
    before = read_rows(empty_url)
    last = next(name for name in digests(release) if "_quiz" in name)
    add_migration(workshop, "0900_quiz_loss", last, "UPDATE quiz.lives SET current_lives = 0;")
    migrate(empty_url)
    with pytest.raises(AssertionError):
        assert_kept(before, read_rows(empty_url))
