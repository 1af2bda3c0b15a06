"""What an operator with an app of his own goes through: doctor, its SQL, migrate, and a drift later."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy.engine import make_url

from trc_pipelines_tests.app_relations.apps import find, needed, write_app, write_view
from trc_pipelines_tests.commands import Trc
from trc_pipelines_tests.servers import create_database, drop_database, with_database

MEMBERS = find(needed("community"), "community.members")


@pytest.fixture
def url(servers: dict[int, str], trc: Trc, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with an app that has a community, and nothing of ours."""
    made = create_database(servers[16], "template0")
    run(made, write_app("community", "uuid", "postgres", "postgres"))
    monkeypatch.setenv("DATABASE_URL", made)
    monkeypatch.setenv("DOMAINS", "community")
    yield made
    drop_database(with_database(made, f"{make_url(made).database}_dagster"))
    drop_database(made)


def run(url: str, *statements: str) -> None:
    target = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(target)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def test_an_app_is_mended_by_what_the_doctor_says(
    url: str, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        url,
        "DROP VIEW community.members;"
        "ALTER TABLE community_app.members ALTER subscription_status TYPE varchar(20);"
        + write_view(MEMBERS, member_id="a.member_id"),
    )
    assert trc("db", "migrate") == 1
    told = capsys.readouterr()
    assert "uuid" in told.out
    assert "CREATE VIEW community.members" in told.out
    assert "1 error in community.members" in told.err
    mend(url, trc, capsys)
    assert trc("db", "migrate") == 0
    assert "0003_community" in capsys.readouterr().out
    assert trc("db", "status") == 0
    assert "up to date; the apps' tables fit" in capsys.readouterr().out

    # Views of ours stand on it by now: the remedy puts them back.
    run(
        url,
        "ALTER TABLE community_app.members DROP CONSTRAINT members_subscription_status_check",
        "UPDATE community_app.members SET subscription_status = 'Active'",
    )
    mend(url, trc, capsys)
    run(url, "SELECT * FROM community.current_streaks")

    # Views of ours go with the app's table.
    run(url, "DROP TABLE community_app.members CASCADE")
    assert trc("db", "status") == 1
    assert "errors, 0 warnings; see: trc doctor" in capsys.readouterr().err
    mend(url, trc, capsys)
    run(url, "SELECT * FROM community.current_streaks")
    assert trc("db", "status") == 1
    assert "pending: views/community; run: trc db migrate" in capsys.readouterr().err
    assert trc("db", "migrate") == 0
    assert trc("db", "status") == 0


def mend(url: str, trc: Trc, capsys: pytest.CaptureFixture[str]) -> None:
    """Run what the doctor says; then there is nothing left."""
    assert trc("doctor", "--json") == 1
    findings = json.loads(capsys.readouterr().out)
    run(url, *dict.fromkeys(finding["remedy_sql"] for finding in findings))
    assert trc("doctor", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_form_to_fill_in_has_every_column(trc: Trc, capsys: pytest.CaptureFixture[str]) -> None:
    assert trc("doctor", "--template", "quiz") == 0
    form = capsys.readouterr().out
    assert form.count("CREATE VIEW") == len(needed("quiz"))
    assert "<expires_at>::timestamptz AS expires_at," in form
    assert trc("doctor", "--template", "chess") == 2
    assert "it accepts community, quiz, betting" in capsys.readouterr().err


def test_a_form_that_was_filled_in_fits(
    url: str, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trc("doctor", "--template", "community") == 0
    form = capsys.readouterr().out
    for relation in needed("community"):
        head, tail = form.split(f"CREATE VIEW {relation.table} AS")
        tail = tail.replace("<schema.table of the app>", f"community_app.{relation.name}", 1)
        form = f"{head}DROP VIEW {relation.table}; CREATE VIEW {relation.table} AS{tail}"
    run(url, form.replace("<", "a.").replace(">", ""))
    assert trc("doctor", "--json") == 0


def test_who_attaches_an_app_is_told_what_does_not_fit(
    url: str, trc: Trc, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is attached all the same: the doctor's SQL is for the views that are there."""
    gateway = Path(__file__).parents[1] / "adapters" / "trc_membership_gateway"
    run(
        url,
        "DROP SCHEMA community CASCADE; DROP SCHEMA community_app CASCADE",
        (gateway / "schema.sql").read_text(),
        'ALTER TABLE "PointConfig" ALTER COLUMN points DROP NOT NULL',
        """INSERT INTO "PointConfig" VALUES ('c1', 'download', NULL, TRUE, 'Download', NULL, now())""",
    )
    assert trc("db", "attach", "trc-membership-gateway") == 1
    attached = capsys.readouterr()
    assert "community is attached to trc-membership-gateway" in attached.out
    assert trc("doctor") == 1
    told = capsys.readouterr()
    assert told.out in attached.out
    assert told.err == attached.err
    assert "1 error in community.point_actions" in told.err
    run(url, 'DELETE FROM "PointConfig"')
    assert trc("db", "attach", "trc-membership-gateway") == 0
    assert "the apps' tables fit" in capsys.readouterr().out
    assert trc("db", "attach", "quizz-app") == 1
    assert "this command is about quiz, which is not among them" in capsys.readouterr().err
