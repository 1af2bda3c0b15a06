"""How an app's types become those the jobs need: which fit, which cast, which values have no place there."""

from difflib import get_close_matches

from trc_pipelines.app_relations.ddl import quote
from trc_pipelines.app_relations.declarations import Column
from trc_pipelines.app_relations.found import TEXTS, FoundColumn

INTEGERS = ("smallint", "integer", "bigint")
DECIMALS = ("numeric", "real", "double precision", "money")
_FITTING = {
    "text": TEXTS,
    "bigint": INTEGERS,
    "integer": INTEGERS,
    "timestamptz": ("timestamp with time zone",),
}
# Up to 19 digits, as snowflakes have. Above 8999999999999999999 they would have to be compared.
_NUMBERS = {
    "bigint": r"^-?([0-9]{1,18}|[0-8][0-9]{18})$",
    "integer": r"^-?([0-9]{1,9}|1[0-9]{9})$",
}
_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
    r"( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?$"
)
_BOOLEANS = "('t', 'true', 'y', 'yes', 'on', '1', 'f', 'false', 'n', 'no', 'off', '0')"
# What apps call the words of ours.
_SYNONYMS = {
    "in_progress": "active", "started": "active", "finished": "completed", "final": "completed",
    "canceled": "cancelled", "dm": "direct", "trial": "trialing", "open": "pending",
    "in_play": "live", "upcoming": "scheduled", "timed_out": "expired", "refunded": "cancelled",
}  # fmt: skip


def fits(column: Column, found: FoundColumn) -> bool:
    """Say whether a type can be read as it is."""
    return found.base_type in _FITTING.get(column.plain_type, (column.plain_type,))


def is_money(column: Column) -> bool:
    """Say whether a column holds cents."""
    return column.plain_type == "bigint" and "cents" in column.meaning.lower()


def is_text_like(column: Column, found: FoundColumn) -> bool:
    """Say whether values become what is needed only where they are written so."""
    kind = column.plain_type
    if fits(column, found):
        return False
    if kind in _NUMBERS:
        return found.base_type not in (*DECIMALS, "boolean")
    if kind == "timestamptz":
        return not found.base_type.startswith(("timestamp", "date")) and (
            found.base_type not in (*INTEGERS, *DECIMALS)
        )
    if kind == "boolean":
        return found.base_type not in INTEGERS
    return kind == "jsonb" and found.base_type in TEXTS


def validity(column: Column, found: FoundColumn, value: str, server_version: int) -> str | None:
    """Write the condition under which a value can be cast; None where all can."""
    if not is_text_like(column, found):
        return None
    kind = column.plain_type
    text = f"btrim({_text(found, value)})"
    if kind in _NUMBERS:
        return f"{text} ~ '{_NUMBERS[kind]}'"
    if kind == "timestamptz":
        return f"{text} ~ '{_MOMENT}'"
    if kind == "boolean":
        return f"lower({text}) IN {_BOOLEANS}"
    # PostgreSQL 15 cannot be asked.
    return f"pg_input_is_valid({value}, 'jsonb')" if server_version >= 160000 else None


def cast(
    column: Column, found: FoundColumn, value: str, server_version: int, *, has_fractions: bool
) -> str:
    """Write a value as the type that is needed. One that cannot be cast becomes NULL.

    Args:
        has_fractions: whether decimals were found: dollars, where cents are meant.
    """
    kind = column.plain_type
    if fits(column, found):
        return value
    value = enclose(value)
    condition = validity(column, found, value, server_version)
    if condition:
        return f"CASE WHEN {condition} THEN btrim({_text(found, value)})::{kind} END"
    if kind in _NUMBERS and found.base_type in DECIMALS:
        return _cast_decimal(column, found, value, has_fractions=has_fractions)
    if kind in _NUMBERS and found.base_type == "boolean":
        return f"{value}::integer::{kind}"
    if kind == "timestamptz" and found.base_type in (*INTEGERS, *DECIMALS):
        # Seconds or milliseconds: those of the year 1973 on have twelve digits.
        return (
            f"to_timestamp(CASE WHEN {value} > 99999999999 THEN {value} / 1000.0 ELSE {value} END)"
        )
    if kind == "timestamptz":
        plain = value if found.base_type.startswith("timestamp") else f"{value}::timestamp"
        return f"({plain} AT TIME ZONE 'UTC')"
    if kind == "boolean":
        return f"({value} <> 0)"
    if kind == "jsonb" and found.base_type not in ("json", *TEXTS):
        return f"to_jsonb({value})"
    return f"{value}::{kind}"


def counts_in_hundreds(column: Column, found: FoundColumn, *, has_fractions: bool) -> bool:
    """Say whether decimals are dollars: they have fractions, or a scale that is there for some."""
    has_scale = "," in found.full_type and not found.full_type.endswith(",0)")
    return is_money(column) and (has_fractions or has_scale or found.base_type == "money")


def map_words(column: Column, words: list[str]) -> dict[str, str]:
    """Guess which accepted word each of an app's words is. Those that nothing suggests are left out."""
    accepted = {value.lower(): value for value in column.values}
    mapped = {}
    for word in words:
        if word in column.values:
            continue
        plain = word.strip().lower().replace("-", "_").replace(" ", "_")
        near = get_close_matches(plain, accepted, 1, 0.85)
        guess = plain if plain in accepted else _SYNONYMS.get(plain, "".join(near))
        if guess in accepted:
            mapped[word] = accepted[guess]
    return mapped


def write_mapping(value: str, mapped: dict[str, str]) -> str:
    """Write a value with its words replaced."""
    arms = " ".join(f"WHEN {quote(word)} THEN {quote(ours)}" for word, ours in mapped.items())
    return f"CASE {value} {arms} ELSE {value} END" if mapped else value


def enclose(value: str) -> str:
    """Put parentheses around what is more than a name or a call."""
    is_one = value.replace('"', "").replace(".", "").replace("_", "").isalnum()
    return value if is_one else f"({value})"


def _cast_decimal(column: Column, found: FoundColumn, value: str, *, has_fractions: bool) -> str:
    kind = column.plain_type
    if found.base_type == "money":
        value = f"{value}::numeric"
    if counts_in_hundreds(column, found, has_fractions=has_fractions):
        return f"round({value} * 100)::{kind}"
    if column.name == "odds" and has_fractions:
        return (
            f"round(CASE WHEN {value} >= 2 THEN ({value} - 1) * 100 "
            f"WHEN {value} > 1 THEN -100 / ({value} - 1) END)::{kind}"
        )
    return f"round({value})::{kind}"


def _text(found: FoundColumn, value: str) -> str:
    return value if found.base_type in TEXTS else f"{value}::text"
