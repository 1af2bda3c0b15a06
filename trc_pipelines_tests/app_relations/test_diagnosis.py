"""How an app's types and words are taken, and what is said of them: no database."""

from dataclasses import replace

import pytest

from trc_pipelines.app_relations.casts import cast, fits, map_words
from trc_pipelines.app_relations.declarations import Column
from trc_pipelines.app_relations.doctor import diagnose
from trc_pipelines.app_relations.found import Found, FoundColumn, FoundRelation, split_select
from trc_pipelines.app_relations.probes import Counts
from trc_pipelines_tests.app_relations.apps import find, needed

STAKE = Column("stake", "bigint", "Cents at risk.")
POINTS = Column("points", "bigint", "Points.")
STATUS = Column("status", "text", "Status.", values=["active", "completed", "cancelled"])


def take(column: Column, base_type: str, full_type: str, *, has_fractions: bool = False) -> str:
    there = FoundColumn(column.name, base_type, full_type)
    return cast(column, there, "x", 180000, has_fractions=has_fractions)


@pytest.mark.parametrize(
    ("column", "full_type", "has_fractions", "written"),
    [
        (STAKE, "numeric(10,2)", False, "round(x * 100)::bigint"),
        (STAKE, "numeric", True, "round(x * 100)::bigint"),
        (STAKE, "numeric(10,0)", False, "round(x)::bigint"),
        (STAKE, "numeric", False, "round(x)::bigint"),
        (POINTS, "numeric(10,2)", True, "round(x)::bigint"),
    ],
)
def test_decimals_of_money_are_dollars_when_they_can_have_a_part(
    column: Column, full_type: str, has_fractions: bool, written: str
) -> None:
    assert take(column, "numeric", full_type, has_fractions=has_fractions) == written


def test_a_narrower_number_fits_and_a_decimal_does_not() -> None:
    assert fits(POINTS, FoundColumn("points", "integer", "integer"))
    assert not fits(POINTS, FoundColumn("points", "numeric", "numeric"))


def test_words_are_known_by_case_by_spelling_and_by_what_apps_call_them() -> None:
    words = ["COMPLETED", "Canceled", "IN_PROGRESS", "active", "who knows"]
    assert map_words(STATUS, words) == {
        "COMPLETED": "completed",
        "Canceled": "cancelled",
        "IN_PROGRESS": "active",
    }


def test_a_select_is_split_at_its_own_commas_only() -> None:
    definition = (
        ' SELECT u.id,\n    concat(u."a,b", \', FROM \', (SELECT 1 FROM x)) AS name,\n    u.n AS "N n"'
        "\n   FROM (app.users u JOIN app.b ON ((u.id = b.id)));"
    )
    select = split_select(definition, ["id", "name", "N n"])
    assert select is not None
    assert select.expressions == {
        "id": "u.id",
        "name": "concat(u.\"a,b\", ', FROM ', (SELECT 1 FROM x))",
        "N n": "u.n",
    }
    assert select.rest == "FROM (app.users u JOIN app.b ON ((u.id = b.id)))"


@pytest.mark.parametrize(
    "definition",
    [
        "SELECT DISTINCT id FROM a",
        "SELECT id FROM a UNION SELECT id FROM b",
        "WITH a AS (SELECT 1) SELECT 1",
    ],
)
def test_what_is_no_plain_select_is_left_whole(definition: str) -> None:
    assert split_select(definition, ["id"]) is None


def test_what_takes_too_long_to_read_is_a_warning() -> None:
    declared = find(needed("quiz"), "quiz.users")
    types = {"text": "text", "timestamptz": "timestamp with time zone"}
    relation = FoundRelation(
        1, "quiz", "users", "v", "app", "app", 0, "SELECT id FROM a", None, None, True, [], [],
        {c.name: FoundColumn(c.name, types[c.plain_type], "") for c in declared.columns},
    )  # fmt: skip
    found = Found("jobs", 180000, {1: relation}, [], [], [], [])
    late = Counts(error="canceling statement due to statement timeout", is_late=True)
    findings = diagnose([declared], found, {"quiz.users": late}, [])
    assert [(each.severity, each.kind, each.run_by) for each in findings] == [
        ("warning", "too_slow", "app")
    ]
    broken = diagnose([declared], found, {"quiz.users": replace(late, is_late=False)}, [])
    assert [(each.severity, each.kind) for each in broken] == [("error", "unreadable")]
