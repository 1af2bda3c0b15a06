import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trc_pipelines.mee6.models import (
    MAX_FIGURE,
    Mee6InvalidResponse,
    Mee6NotJson,
    Page,
    parse_page,
)
from trc_pipelines_tests.budget import examples
from trc_pipelines_tests.hostile import FIGURES, IDS, assert_one_line

GUILD_ID = 554836553760711639


def page_body(players: str, page: str = "0", guild: str = f'"{GUILD_ID}"', more: str = "") -> bytes:
    """A page as text, because json.dumps cannot write most of what is tried here."""
    return (
        f'{{"guild": {{"id": {guild}, "name": "x"}}, "page": {page}, "players": [{players}]{more}}}'
    ).encode()


def player(discord_id: str = '"388312797884750893"', xp: str = "100", more: str = "") -> str:
    return f'{{"id": {discord_id}, "xp": {xp}, "username": "secret-name"{more}}}'


def parse(body: bytes) -> Page:
    return parse_page(body, GUILD_ID, 0)


def rejection(body: bytes) -> str:
    with pytest.raises(Mee6InvalidResponse) as caught:
        parse(body)
    message = str(caught.value)
    assert "\n" not in message
    assert "secret-name" not in message
    assert len(message) < 500
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return message


def test_a_page_becomes_a_frame_of_ids_and_figures_only() -> None:
    page = parse(
        page_body(
            player(more=', "level": 87, "message_count": 64704, "detailed_xp": [1, 2, 3]')
            + ","
            + player('"9223372036854775807"', "0"),
            more=', "xp_rate": 1.5, "new_key": {"a": [null]}',
        )
    )
    assert page.players.dtypes.astype(str).to_dict() == {
        "discord_id": "int64",
        "xp": "int64",
        "level": "Int64",
        "message_count": "Int64",
    }
    assert page.players["discord_id"].tolist() == [388312797884750893, 2**63 - 1]
    assert page.players["xp"].tolist() == [100, 0]
    assert page.players["level"].isna().tolist() == [False, True]
    assert page.xp_rate == 1.5


def test_a_page_past_the_end_has_the_same_columns() -> None:
    page = parse(page_body(""))
    assert len(page.players) == 0
    assert str(page.players["discord_id"].dtype) == "int64"
    assert page.xp_rate == 1.0


@pytest.mark.parametrize(
    "xp",
    [
        *("1.5", "1.0", '"12"', "true", "null", "NaN", "Infinity", "1e400", "1e3", "-1", "[]"),
        *(f"{10**40}", f"{2**63}", f"{MAX_FIGURE + 1}", "9" * 4000, "9" * 5000, "01", "1_000"),
        *('""', "{}", "0x10", "+1"),
    ],
)
def test_a_bad_xp_rejects_the_page(xp: str) -> None:
    rejection(page_body(player() + "," + player('"2"', xp)))


@pytest.mark.parametrize(
    "discord_id",
    [
        *("0", "12", "null", "true", "1.5", '""', '"0"', '"-1"', '"+1"', '"007"', '" 1"', '"1 "'),
        *('"1_0"', '"1.0"', '"1e3"', '"0x1F"', '"1\\n"', '"\\u0000"', '"\\ud800"', "[]"),
        *(f'"{2**63}"', f'"{10**19}"', '"' + "9" * 5000 + '"'),
        *('"１２"', '"1١"', '"\\uff11"', '"²"'),
    ],
)
def test_a_bad_id_rejects_the_page(discord_id: str) -> None:
    rejection(page_body(player(discord_id)))


@pytest.mark.parametrize("key", ["level", "message_count"])
@pytest.mark.parametrize("value", ["-1", "1.5", '"3"', "true", f"{2**63}", "[{}]", "1e400"])
def test_an_odd_optional_figure_is_unknown_and_counted(key: str, value: str) -> None:
    fine = player('"2"', "7", more=', "level": 1, "message_count": 2')
    page = parse(page_body(player(more=f', "{key}": {value}') + "," + fine))
    assert page.players["xp"].tolist() == [100, 7]
    assert page.players[key].isna().tolist() == [True, False]
    assert page.odd_values == 1


@pytest.mark.parametrize("key", ["level", "message_count"])
def test_an_optional_figure_may_be_null(key: str) -> None:
    assert parse(page_body(player(more=f', "{key}": null'))).players[key].isna().all()


@pytest.mark.parametrize("rate", ["-1", "NaN", "Infinity", "1e400", '"2"', "true", "10000"])
def test_an_odd_xp_rate_is_unknown_and_counted(rate: str) -> None:
    page = parse(page_body(player(), more=f', "xp_rate": {rate}'))
    assert (page.xp_rate, page.odd_values) == (1.0, 1)


@pytest.mark.parametrize("number", ['"0"', "0.0", "true", "9" * 4000, "-0.0", "[0]"])
def test_an_odd_page_number_is_unknown_and_counted(number: str) -> None:
    assert parse(page_body(player(), page=number)).odd_values == 1


def test_a_body_of_only_what_is_required_is_enough() -> None:
    body = json.dumps({"guild": {"id": str(GUILD_ID)}, "players": [{"id": "5", "xp": 7}]})
    page = parse(body.encode())
    assert page.players["xp"].tolist() == [7]
    assert (page.xp_rate, page.odd_values) == (1.0, 0)


def test_the_message_counts_the_bad_players_and_names_the_first_reason() -> None:
    rows = [player(str(10**17 + i).join('""'), "100") for i in range(5)]
    rows[1] = player('"0"', "-1")
    rows[3] = '{"username": "secret-name"}'
    message = rejection(page_body(",".join(rows)))
    assert "2 bad players" in message
    assert "players.1.id" in message


@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"{}", b"null", b"1", b'"x"', b'{"players": []}'),
        *(page_body("", guild="1"), page_body("", guild="null"), page_body("", guild='"1"')),
        *(page_body("", page="1"), page_body("", page=f"{10**12}")),
        page_body("null"),
        page_body("[]"),
        page_body(",".join([player()] * 1001)),
        b'{"status_code": 404, "error": {"message": "Guild not found"}}',
    ],
)
def test_an_envelope_that_is_not_the_page_asked_for_is_rejected(body: bytes) -> None:
    with pytest.raises(Mee6InvalidResponse) as caught:
        parse(body)
    assert not isinstance(caught.value, Mee6NotJson)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<!DOCTYPE html><html></html>", b"\xff\xfe", b"\x00", page_body(player())[:-5]),
        *(b"[" * 100_000, b'{"a":' * 100_000, page_body("[" * 100_000 + "]" * 100_000)),
        page_body(player()).replace(b"secret-name", b"\xff\xed\xa0\x80"),
        page_body(player()) + b"{}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_not_json_is_told_apart(body: bytes) -> None:
    with pytest.raises(Mee6NotJson, match="not JSON"):
        parse(body)


def test_of_duplicate_keys_the_last_counts_and_is_judged() -> None:
    twice = '{"id": "1", "xp": 5, "xp": 7, "id": "2"}'
    assert parse(page_body(twice)).players.iloc[0].tolist()[:2] == [2, 7]
    rejection(page_body('{"id": "1", "xp": 5, "xp": -7}'))


@pytest.mark.parametrize("name", ["\\ud800", "\\udfff\\ud83d", "\\uD83D\\uDE00", "\\\\ud800"])
def test_half_a_surrogate_pair_in_a_name_does_not_stop_the_figures(name: str) -> None:
    page = parse(page_body(f'{{"id": "1", "xp": 5, "username": "{name}"}}'))
    assert page.players["xp"].tolist() == [5]


def test_names_are_kept_for_who_asks_and_one_that_is_none_is_unknown() -> None:
    names = ['"ann"', "7", "null", '"\\ud800x"', '"\\ud83d\\ude00"', '"\\\\ud83d\\ude00"']
    rows = [f'{{"id": "{n}", "xp": 5, "username": {name}}}' for n, name in enumerate(names, 1)]
    body = page_body(",".join([*rows, '{"id": "9", "xp": 5}']))
    kept = parse_page(body, GUILD_ID, 0, with_names=True).players["username"]
    # Only half a pair is replaced, whatever stands beside it.
    assert kept.fillna("-").tolist() == [
        "ann", "-", "-", "\ufffdx", "\U0001f600", "\\ud83d\ufffd", "-",
    ]  # fmt: skip
    assert "username" not in parse(body).players


VALUES = st.sampled_from(
    [*FIGURES.values(), *IDS.values(), '"secret-name"', "5", '"7"', "0.5"]
) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=5), of, max_size=3),
    max_leaves=5,
).map(json.dumps)
KEYS = st.sampled_from(
    ["id", "xp", "username", "level", "message_count", "page", "xp_rate", "guild", "players"]
)
OBJECTS = st.lists(st.tuples(KEYS, VALUES), max_size=6).map(
    lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
)
MORE = st.just("") | st.builds(lambda key, value: f', "{key}": {value}', KEYS, VALUES)
GOOD = st.builds(player, st.just('"5"'), st.just("7"), MORE)
PLAYERS = GOOD | st.builds(player, VALUES, VALUES, MORE) | OBJECTS | VALUES


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Pages of which some is wrong, then cut and written over anywhere."""
    players = ",".join(draw(st.lists(GOOD, max_size=4) | st.lists(PLAYERS, max_size=4)))
    body = bytearray(page_body(players, more=draw(MORE)))
    changes = st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=2)
    for place, byte in draw(st.just([]) | changes):
        body[place % len(body) : place % len(body) + byte % 3] = bytes([byte])
    return bytes(body)


def assert_says_no_name(error: Mee6InvalidResponse) -> None:
    assert_one_line(str(error))
    assert "secret-name" not in str(error)
    assert error.__cause__ is None


@given(bodies())
@settings(max_examples=examples(300))
def test_any_body_is_a_page_of_ids_and_figures_or_refused_in_a_line_without_a_name(
    body: bytes,
) -> None:
    try:
        page = parse_page(body, GUILD_ID, 0, with_names=True)
    except Mee6InvalidResponse as error:
        assert_says_no_name(error)
        return
    assert page.players["discord_id"].between(1, 2**63 - 1).all()
    assert page.players["xp"].between(0, MAX_FIGURE).all()
    for name in ("level", "message_count"):
        assert page.players[name].dropna().between(0, MAX_FIGURE).all()
    assert np.isfinite(page.xp_rate)
    assert page.xp_rate >= 0
    # As a database takes them.
    for name in page.players["username"].dropna():
        name.encode("utf-8")
