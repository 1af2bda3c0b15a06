"""Rows of a view and rows of a model, made alike."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import sqlalchemy as sa

from trc_pipelines_tests.databases import engine_of


def rows_of(url: str, sql: str) -> list[dict]:
    """Rows as Python values, in UTC."""
    with engine_of(url).connect() as connection:
        found = connection.execute(sa.text(sql)).mappings().all()
    return [{name: _plain(value) for name, value in row.items()} for row in found]


def assert_same(found: list[dict], expected: list[dict]) -> None:
    """The same rows in any order; shares to the last digits but three."""
    assert sorted(map(_key, found)) == sorted(map(_key, expected))


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _key(row: dict) -> str:
    return str({name: _rounded(value) for name, value in sorted(row.items())})


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return None if math.isnan(value) else f"{value:.12g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:.12g}" if abs(value) < 10**11 else str(value)
    return str(value) if isinstance(value, date) else value
