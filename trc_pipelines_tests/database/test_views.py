"""Views for analysts are made when their file changed or one is missing, and never at others' cost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from trc_pipelines.database import statements
from trc_pipelines.database.migrations import (
    MigrationError,
    _migrating,
    _rebuilding,
    changed_views,
    migrate,
)
from trc_pipelines_tests.database.plain_sql import read, run_sql
from trc_pipelines_tests.servers import create_database

pytestmark = pytest.mark.either

MADE = """\
SELECT v.name, to_regclass(v.name)::oid FROM operations.view_scripts AS s, unnest(s.view_names) AS v (name)
ORDER BY 1"""
THEIRS = "CREATE VIEW public.theirs AS SELECT day, runs FROM operations.job_days"
Change = Callable[[str, str], None]


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Change:
    """Change the file of the views of operations."""
    shutil.copytree(statements.SQL_FOLDER, tmp_path / "sql")
    monkeypatch.setattr(statements, "SQL_FOLDER", tmp_path / "sql")

    def replace(old: str, new: str) -> None:
        text = statements.read_file("views/operations")
        assert old in text
        (tmp_path / "sql/views/operations.sql").write_text(text.replace(old, new))

    return replace


def test_a_migration_makes_them_once(database_url: str) -> None:
    before = read(database_url, MADE)
    assert len(before) == 25
    assert changed_views(database_url) == []
    assert migrate(database_url) == []
    assert read(database_url, MADE) == before


def test_one_that_is_missing_is_noticed_and_made_again(database_url: str) -> None:
    run_sql(database_url, "DROP VIEW quiz.life_waits")
    assert changed_views(database_url) == ["views/quiz"]
    migrate(database_url)
    assert changed_views(database_url) == []
    owner = "SELECT relowner::regrole::text FROM pg_class WHERE oid = 'quiz.life_waits'::regclass"
    assert read(database_url, owner) == ["trc_owner"]
    granted = "SELECT has_table_privilege('trc_analyst', 'quiz.life_waits', 'SELECT')"
    assert read(database_url, granted) == [True]


def test_a_domain_that_is_not_installed_has_none(servers: dict[int, str]) -> None:
    url = create_database(servers[18], template="template1")
    migrate(url, ["quiz"])
    assert {name.split(".")[0] for name, _ in read(url, MADE)} == {"operations", "quiz"}
    assert changed_views(url, ["quiz"]) == []


def test_what_others_built_on_one_stays_when_a_column_is_added(
    database_url: str, change: Change
) -> None:
    run_sql(database_url, THEIRS)
    change("AS median_seconds\n", "AS median_seconds,\n    count(*) AS again\n")
    assert changed_views(database_url) == ["views/operations"]
    migrate(database_url)
    assert read(database_url, "SELECT again FROM operations.job_days") == []
    assert read(database_url, "SELECT runs FROM public.theirs") == []


def test_a_column_that_goes_takes_nobodys_view_with_it(database_url: str, change: Change) -> None:
    run_sql(database_url, THEIRS)
    change("    count(*) AS runs,\n", "    count(*) AS ended_runs,\n")
    change("job_days.runs IS", "job_days.ended_runs IS")
    with pytest.raises(MigrationError, match=r"view theirs depends on view operations\.job_days"):
        migrate(database_url)
    assert read(database_url, "SELECT runs FROM public.theirs") == []
    run_sql(database_url, "DROP VIEW public.theirs")
    migrate(database_url)
    assert read(database_url, "SELECT ended_runs FROM operations.job_days") == []


def test_one_that_is_in_no_file_any_more_goes(database_url: str, change: Change) -> None:
    run_sql(
        database_url,
        "CREATE VIEW operations.former AS SELECT 1 AS x; UPDATE operations.view_scripts "
        "SET view_names = view_names || 'operations.former'::text, sha256 = '' "
        "WHERE schema_name = 'operations'",
    )
    migrate(database_url)
    assert read(database_url, "SELECT to_regclass('operations.former')::text") == [None]


def test_they_are_made_again_with_their_comments_when_an_app_is_attached(database_url: str) -> None:
    comments = """\
    SELECT d.objsubid, d.description FROM pg_description AS d
    WHERE d.objoid = 'quiz.session_outcomes'::regclass ORDER BY 1"""
    before = read(database_url, comments)
    run_sql(database_url, "CREATE TABLE public.sessions AS SELECT * FROM quiz.quiz_sessions")
    with _migrating(database_url) as connection, _rebuilding(connection, ["quiz.quiz_sessions"]):
        connection.exec_driver_sql(
            "CREATE VIEW quiz.quiz_sessions AS SELECT * FROM public.sessions"
        )
    assert read(database_url, comments) == before != []
    run_sql(
        database_url,
        "INSERT INTO public.sessions (id, user_id, status, started_at) VALUES ('s', 'u', 'completed', now())",
    )
    assert read(database_url, "SELECT completed FROM quiz.session_outcomes") == [1]
    assert changed_views(database_url) == []
    assert migrate(database_url) == []
