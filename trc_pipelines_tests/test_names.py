import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trc_pipelines.database.connection import Database
from trc_pipelines.names import clean_name, clean_names
from trc_pipelines_tests.hostile import STORABLE
from trc_pipelines_tests.world import World

HOSTILE = {
    "a\x00b": "ab",
    "\ud800half\udfff": "half",
    "user\u202egnp.exe": "usergnp.exe",
    "\u200bze\u200dro\ufeff": "zero",
    "Ann\n2026-01-05 ERROR all points lost": "Ann 2026-01-05 ERROR all points lost",
    "a\r\nb\u2028c\u2029d\x85e": "a b c d e",
    "\x1b[31mred\x1b[0m": "[31mred[0m",
    "  two \t words\u00a0\u3000 ": "two words",
    "Zoe\u0301": "Zo\u00e9",
    "": "(no name)",
    " \n\t": "(no name)",
    "\u200b\u200d\u2060": "(no name)",
    "\u3164\u2800\ufe0f": "(no name)",
    "=HYPERLINK()": "=HYPERLINK()",
    "@everyone": "@everyone",
    "\u0639\u0631\u0628\u064a": "\u0639\u0631\u0628\u064a",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.items())
def test_hostile_names_become_one_printable_line(text: str, shown: str) -> None:
    assert clean_name(text) == shown


@given(st.text(st.characters(exclude_categories=[]), max_size=200))
def test_any_text_becomes_a_short_printable_stripped_line_in_nfc(text: str) -> None:
    name = clean_name(text)
    assert 1 <= len(name) <= 64
    assert name.isprintable()
    assert name == name.strip()
    assert unicodedata.is_normalized("NFC", name)
    assert clean_name(name) == name


def test_a_name_of_ten_megabytes_of_combining_marks_costs_nothing() -> None:
    assert len(clean_name("a" + "\u0301\u0316" * 5_000_000)) == 64


def test_the_cap_never_leaves_a_trailing_space() -> None:
    assert clean_name("ab cd", max_length=3) == "ab"


def test_a_series_is_cleaned_on_its_own_index_and_missing_names_get_the_placeholder() -> None:
    texts = ["ok", "a\x00b", "\ud800", None, float("nan")]
    names = pd.Series(texts, index=[5, 4, 3, 2, 1], dtype=object)
    cleaned = clean_names(names)
    assert cleaned.tolist() == ["ok", "ab", "(no name)", "(no name)", "(no name)"]
    assert cleaned.index.tolist() == [5, 4, 3, 2, 1]
    assert cleaned.dtype == "str"


def test_an_empty_series_stays_empty() -> None:
    assert clean_names(pd.Series([], dtype="str")).tolist() == []


def test_the_views_show_names_as_the_command_does_and_no_formula(world: World) -> None:
    with (
        Database(world.database.url).connect() as connection,
        connection.transaction() as transaction,
    ):
        transaction.append(
            "community.members",
            pd.DataFrame(
                {
                    "member_id": list(STORABLE),
                    "discord_username": list(STORABLE.values()),
                    "subscription_status": "ACTIVE",
                }
            ),
        )
    shown = world.query("SELECT member_id, discord_username FROM community.current_streaks")
    assert len(shown) == len(STORABLE)
    for member_id, name in shown.itertuples(index=False):
        expected = clean_name(STORABLE[member_id])
        assert name == ("'" + expected if expected[0] in "=+-@" else expected), member_id
