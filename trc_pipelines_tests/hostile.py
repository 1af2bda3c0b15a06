"""Text and figures nobody should send: one corpus, for every way in and every way out."""

import json
import re

FORGED = "2026-01-05 00:00:00 +0000 - dagster - ERROR - all points are lost"
SECRET = "canary-secret-hunter2"
# In every name that shows anything, and in nothing else: where it appears, a name got through.
NAMED = "canary-name"

TEXTS = {
    "nul": "a\x00b",
    "surrogate": "half\ud800",
    "rtl": "user\u202egnp.exe",
    "ansi": "\x1b[5;41mred\x1b[0m\x1b]0;title\x07\x9b2J",
    "log_line": f"Ann\r\n{FORGED}",
    "separators": f"a\u2028{FORGED}\x85{FORGED}\x0b{FORGED}",
    "formula": '=HYPERLINK("http://x.example","click")',
    "command": "+cmd|' /C calc'!A0",
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "link": "[x](javascript:alert(1))",
    "markdown": "| a | b |\n|---|---|\n```\n# `x`",
    "everyone": "@everyone",
    "mention": "<@123>",
    "invisible": "\u200b\u200d\u2060\ufeff",
    "empty": "",
    "sql": "'; DROP TABLE community.members; --",
    "placeholders": "%s %d {0} {x!r} $1 %(name)s ${jndi:ldap://x.example}",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f3f4\U000e0067",
    "zalgo": "z" + "\u0335\u0316\u0301" * 200,
    "json": '"},{"rank":0,"member_id":"x"}\\',
    "path": "../../etc/passwd\\",
}
# What PostgreSQL refuses to store, in text as in jsonb.
UNSTORABLE = {"nul", "surrogate"}
STORABLE = {name: text for name, text in TEXTS.items() if name not in UNSTORABLE}
LONG = "long " + "A\u0301" * 3_300_000  # ten megabytes
# One text with all of it that can stand in a database.
EVERYTHING = "\n".join(STORABLE.values())

FIGURES = {
    "negative": "-1",
    "too_big": f"{2**63}",
    "float": "1.0",
    "true": "true",
    "null": "null",
    "nan": "NaN",
    "huge_float": "1e400",
    "forty_digits": f"{10**40}",
    "5000_digits": "9" * 5000,
    "fullwidth": '"１２"',
    "arabic": '"١٢٣"',
    "deep": "[" * 100_000 + "]" * 100_000,
    "text": json.dumps(EVERYTHING),
}
IDS = {name: figure for name, figure in FIGURES.items() if name not in ("too_big", "negative")} | {
    "number": "1001",
    "zero": '"0"',
    "minus": '"-1001"',
    "beyond": f'"{2**63}"',
    "leading_zeros": '"001001"',
}


def named(text: str) -> str:
    """The text as somebody's name: marked, unless it shows nothing."""
    shows_nothing = text in (TEXTS["invisible"], TEXTS["empty"])
    return text if shows_nothing else f"{text[:16]}{NAMED} {text[16:]}"


def assert_one_line(text: str) -> None:
    """One printable line, which nobody made longer than a person reads."""
    assert text.isprintable(), repr(text[:500])
    assert 0 < len(text) < 1000, len(text)


def assert_lines(text: str) -> None:
    """Printable lines, none of them forged, no name and no secret in them."""
    # Dagster's own console colours its lines.
    uncoloured = re.sub(r"\x1b\[(?:0|3\d)m", "", text)
    for line in uncoloured.replace("\t", " ").split("\n"):
        assert line.isprintable(), repr(line[:500])
        assert not line.startswith(FORGED[:30]), repr(line[:500])  # servers cut what they repeat
    assert NAMED not in text
    assert SECRET not in text
