"""Named parameters of SQL statements."""

import pytest

from trc_pipelines.database.statements import parse_statement


def parse(sql: str) -> tuple[str, tuple[str, ...]]:
    statement = parse_statement("community/some", sql)
    return statement.text, statement.parameters


def test_parameters_are_numbered_as_they_come_and_one_used_twice_is_one() -> None:
    assert parse("SELECT :b::date, :a, :b + :a_2, any(:a::bigint[]) AND NOT :b") == (
        "SELECT $1::date, $2, $1 + $3, any($2::bigint[]) AND NOT $1",
        ("b", "a", "a_2"),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT a::date, '12:00'::time, (a)::text, x'1'::bit(4)",
        "SELECT ':a', 'it''s :a', E'it\\'s :a', E'\\\\', 'a\\'",
        'SELECT ":a", "say "":a"""',
        "SELECT 1 -- it's :a\n",
        "SELECT 1 /* it's\n:a */",
        "SELECT $$ :a $$, $body$ $$ :a $body$",
        "SELECT a[1:2], a[n:m], a[(n):m], a[b[1]:m]",
        "SELECT f(a := 1), '{\"a\":1}' || ':'",
    ],
)
def test_what_only_looks_like_a_parameter_is_left_alone(sql: str) -> None:
    assert parse(sql) == (sql, ())


@pytest.mark.parametrize(
    "before",
    [
        "'it''s '",
        "E'\\''",
        "E'\\\\'",
        "'a\\'",
        '"it\'s"',
        "-- it's\n",
        "/* it's */",
        "$$ ' $$",
        "$1",
    ],
)
def test_what_follows_is_a_parameter_again(before: str) -> None:
    assert parse(f"SELECT {before}, :a, ARRAY[:a]")[1] == ("a",)


def test_values_are_bound_in_the_order_of_the_statement() -> None:
    statement = parse_statement("community/some", "SELECT :b, :a")
    assert statement.bind({"a": 1, "b": None}) == (None, 1)
    assert parse_statement("community/some", "SELECT 1").bind({}) == ()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"a": 1}, "community/some takes b, a; missing: b"),
        ({}, "community/some takes b, a; missing: b, a"),
        ({"a": 1, "b": 2, "c": 3}, "community/some takes b, a; unknown: c"),
        ({"a": 1, "c": 3}, "community/some takes b, a; missing: b; unknown: c"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_the_statement_takes(
    values: dict[str, object], words: str
) -> None:
    with pytest.raises(TypeError) as caught:
        parse_statement("community/some", "SELECT :b, :a").bind(values)
    assert str(caught.value) == words


def test_a_statement_without_parameters_says_so() -> None:
    with pytest.raises(TypeError, match="takes no parameters; unknown: a"):
        parse_statement("community/some", "SELECT 1").bind({"a": 1})
