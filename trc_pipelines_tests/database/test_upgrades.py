"""What was released stays as it was, and its databases become today's with everything in them."""

import hashlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.database import migrations, statements
from trc_pipelines.database.connection import Database
from trc_pipelines.database.embedded import client_program
from trc_pipelines.database.migrations import SHARED, MigrationError, ensure_database, migrate
from trc_pipelines.settings import KNOWN_DOMAINS as DOMAINS
from trc_pipelines.settings import PROJECT_ROOT
from trc_pipelines_tests.betting.conftest import HOUR, Betting
from trc_pipelines_tests.catalogue import CHECKS, JOBS, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.database.plain_sql import read, run_sql
from trc_pipelines_tests.databases import close_connections, engine_of
from trc_pipelines_tests.servers import create_database, once, with_database
from trc_pipelines_tests.world import NOON, play_in

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


# --- with a year in it

WEEK = timedelta(days=7)
ROUNDS = 7
# What a release does to tables that are full: columns, a figure of every row, a key.
NEXT_YEAR = {
    "operations": NEXT["operations"],
    "leaderboards": "ALTER TABLE leaderboards.archived_rankings ADD COLUMN note text NOT NULL DEFAULT '';",
    "community": NEXT["community"] + "ALTER TABLE community.daily_points ADD COLUMN twice bigint; "
    "UPDATE community.daily_points SET twice = 2 * points; "
    "ALTER TABLE community.daily_points ALTER COLUMN twice SET NOT NULL, ALTER COLUMN twice SET DEFAULT 0;",
    "quiz": NEXT["quiz"],
    "betting": "ALTER TABLE betting.bankroll_ledger ADD COLUMN note text NOT NULL DEFAULT ''; "
    "CREATE INDEX bankroll_ledger_note_idx ON betting.bankroll_ledger (note);",
    "reports": NEXT["reports"] + "SELECT pg_advisory_xact_lock(4711);",
}
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"
FIGURES = {
    "points": "SELECT member_id, total FROM community.member_points ORDER BY 1",
    "balances": "SELECT user_id, balance FROM betting.bankrolls ORDER BY 1",
    "entries": "SELECT entry_id, account_id, action, points, source_key "
    "FROM community.point_ledger ORDER BY 1",
    "money": "SELECT entry_id, user_id, kind, amount, balance_after FROM betting.bankroll_ledger ORDER BY 1",
    "archive": "SELECT board, period_start, rank, member_id, score FROM leaderboards.archived_rankings "
    "ORDER BY domain, 1, 2, 3",
}
MIGRATE = """\
import sys
from pathlib import Path
from trc_pipelines.database import migrations, statements
workshop = Path(sys.argv[1])
statements.SQL_FOLDER = workshop / "sql"
migrations._FOLDER, migrations._SCRIPTS = workshop / "sql/migrations", workshop / "alembic"
migrations.migrate(sys.argv[2])
"""


def play_year(url: str) -> None:
    """A year in three members, two bettors and a quiz: every eighth week something, at its end every job."""
    with play_in(url) as played:
        world = Betting(played.database, played.settings, played.simulator)
        world.link({"ann": 1001, "bob": 1002, "cem": 1003})
        world.join(1, 2)
        for number in range(ROUNDS):
            play_round(world, number)
        for job in JOBS:
            assert all(result.success for result in world.run(job, when(ROUNDS)).values())
    close_connections(url)


def when(number: int) -> datetime:
    return NOON + number * 8 * WEEK


def play_round(world: Betting, number: int) -> None:
    at = when(number)
    ends = ("won", "lost", "push")[number % 3]
    world.play(number + 1, 1 + number % 2, ends, 100 * (number + 1), at - HOUR)
    world.settle(at)
    world.reset(at)
    world.execute(
        "INSERT INTO community.point_transactions (transaction_id, member_id, action, points, created_at) "
        f"VALUES ('award {number}', 'bob', 'intro_completed', 5, '{at - HOUR}')"
    )
    assert world.sync(at, {1001: 1000 + 250 * number, 1002: 900 + 90 * number, 1003: 10})
    world.run(LEADERBOARD_WEEKLY_RESET, at)


@pytest.fixture
def year(servers: dict[int, str], shared_folder: Path) -> Iterator[str]:
    """A copy of a database in which a year was played, on a server of the older version."""

    server = servers[16]
    once(shared_folder / "16.year", lambda: play_year(create_database(server, name="year")))
    url = create_database(server, "year")
    yield url
    close_connections(url)


def figures(url: str) -> dict[str, object]:
    """What people would miss."""
    return {what: read(url, query) for what, query in FIGURES.items()}


def go_on(url: str) -> dict[str, object]:
    """Two more rounds; the figures after them."""
    with play_in(url) as played:
        world = Betting(played.database, played.settings, played.simulator)
        for number in (ROUNDS, ROUNDS + 1):
            play_round(world, number)
    assert broken_promises(url) == []
    found = figures(url)
    close_connections(url)
    return found


@pytest.fixture
def next_release(workshop: Path) -> list[str]:
    """What the migrations of the next release are called; they wait for a lock in the middle."""
    release = RELEASES[-1]
    last = {name.split("_")[1]: name for name in digests(release)}
    keep_only(workshop, set(digests(release)))
    names = [f"{900 + number:04}_{schema}_next" for number, schema in enumerate(NEXT_YEAR)]
    for name, (schema, sql) in zip(names, NEXT_YEAR.items(), strict=True):
        add_migration(workshop, name, last[schema], sql)
    return names


def wait_for(url: str, how_many: int) -> list[int]:
    """Who waits for the lock, once so many do."""
    deadline = time.monotonic() + 60
    while len(found := read(url, WAITING)) != how_many:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("how", ["killed", "cut off"])
def test_a_migration_of_a_year_that_is_interrupted_did_nothing_and_is_begun_again(
    year: str, workshop: Path, next_release: list[str], how: str
) -> None:
    before, rows = figures(year), read_rows(year)
    with engine_of(year).connect() as holder:
        holder.exec_driver_sql("SELECT pg_advisory_lock(4711)")
        if how == "killed":
            command = [sys.executable, "-c", MIGRATE, workshop, year]
            process = subprocess.Popen(command)
            wait_for(year, 1)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        else:
            failed: list[Exception] = []
            thread = threading.Thread(target=lambda: failed.append(refused(year)))
            thread.start()
            (pid,) = wait_for(year, 1)
            holder.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
            thread.join()
            assert "rolled back" in str(failed[0])
        holder.exec_driver_sql("SELECT pg_advisory_unlock(4711)")
        holder.commit()
    assert migrations.pending_migrations(year) == next_release
    assert migrate(year) == next_release
    assert_kept(rows, read_rows(year))
    assert figures(year) == before
    assert read(year, "SELECT bool_and(twice = 2 * points) FROM community.daily_points") == [True]
    assert go_on(year)["points"] != before["points"]


def refused(url: str) -> MigrationError:
    with pytest.raises(MigrationError) as error:
        migrate(url)
    return error.value


def test_of_two_that_migrate_a_year_at_once_one_finds_it_done(
    year: str, next_release: list[str]
) -> None:
    before = figures(year)
    applied: list[list[str]] = []
    threads = [threading.Thread(target=lambda: applied.append(migrate(year))) for _ in range(2)]
    with engine_of(year).connect() as holder:
        holder.exec_driver_sql("SELECT pg_advisory_lock(4711)")
        for thread in threads:
            thread.start()
        wait_for(year, 1)
        holder.exec_driver_sql("SELECT pg_advisory_unlock(4711)")
        holder.commit()
    for thread in threads:
        thread.join()
    assert sorted(applied) == [[], next_release]
    assert figures(year) == before
    assert broken_promises(year) == []


def test_a_year_that_is_dumped_and_restored_into_the_next_version_of_postgresql_goes_on_alike(
    year: str, servers: dict[int, str], tmp_path: Path, trc: Trc, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = with_database(servers[LATEST], f"restored_{make_url(year).database}")
    ensure_database(url)
    archive = tmp_path / "year.dump"
    for program, *arguments in (
        ("pg_dump", "-Fc", "-f", archive, "-d", year),
        ("pg_restore", "--exit-on-error", "-d", url, archive),
    ):
        subprocess.run([client_program(program), *arguments], check=True, timeout=60)
    before = read_rows(year)
    assert sum(map(len, before.values())) > 500
    assert read_rows(url) == before
    monkeypatch.setenv("DATABASE_URL", url)
    assert trc("db", "migrate") == 0
    assert trc("verify") == 0
    assert go_on(url) == go_on(year)
    close_connections(url)
