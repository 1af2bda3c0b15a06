"""Texts as they were before somebody encoded them: for a URL, for HTML, for JSON, as base64, or twice."""

import base64
import binascii
import html
import math
import re
from collections.abc import Callable, Sequence
from urllib.parse import unquote

import pandas as pd

# Encodings within encodings: no app needs as many. What is escaped over and over in one place is
# undone at once, so depth costs no rounds.
MOST_ROUNDS = 8

_ESCAPE = re.compile(
    r"[\\%]u([0-9a-fA-F]{4})|\\u\{([0-9a-fA-F]{1,6})\}|\\x([0-9a-fA-F]{2})|\\([\"'\\/])"
)
_BASE64 = re.compile(r"[A-Za-z0-9_-]{8,}={0,2}"), re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")


def decode_texts(texts: pd.Series, words: Sequence[str]) -> pd.Series:
    """Find what the texts say, as they are and decoded until nothing changes.

    Undone are percent-encoding, HTML entities, escapes of JSON and JavaScript, backslashes for
    slashes, and base64 (either alphabet) that hides one of the words, in any order, any number of
    times. A plus is left alone: only within a URL it may be a space.

    Args:
        words: what is looked for. Other base64 is not worth undoing.

    Returns:
        Texts, each once: every stage, since a name may look like an encoded one.
    """
    codes: list[tuple[str, Callable[[str], str]]] = [
        ("%", unquote),
        ("%25", lambda text: re.sub("%(?:25)+", "%", text)),
        ("&", html.unescape),
        ("&amp;", lambda text: re.sub("&(?:amp;)+", "&", text)),
        (r"\\|%u", _unescape),
        (r"\\", lambda text: re.sub(r"\\+/?", "/", text)),
        (_in_base64(words), _decode_base64),
    ]
    found = fresh = texts.drop_duplicates()
    for _ in range(MOST_ROUNDS):
        decoded = [fresh[fresh.str.contains(mark)].map(undo) for mark, undo in codes]
        fresh = pd.concat(decoded, ignore_index=True).astype("str").drop_duplicates()
        fresh = fresh[~fresh.isin(found)]
        if fresh.empty:
            break
        found = pd.concat([found, fresh], ignore_index=True)
    return found


def _unescape(text: str) -> str:
    plain = _ESCAPE.sub(
        lambda match: match[4] or chr(min(int(match[1] or match[2] or match[3], 16), 0x10FFFF)),
        text,
    )
    # Two escapes may be the halves of one character.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _in_base64(words: Sequence[str]) -> str:
    """A pattern of what the words look like in base64, wherever in a group of three they begin."""
    shapes = set()
    for word in words:
        for shift in range(3):
            raw = b"\0" * shift + word.encode()
            known = slice(math.ceil(shift * 8 / 6), len(raw) * 8 // 6)
            shapes |= {
                code(raw)[known].decode() for code in (base64.b64encode, base64.urlsafe_b64encode)
            }
    return "|".join(map(re.escape, sorted(shapes)))


def _decode_base64(text: str) -> str:
    """What the text's base64 says, a line each."""
    said = []
    for pattern in _BASE64:
        for match in pattern.findall(text):
            code = match.rstrip("=").translate(_URL_SAFE)
            code = code[: -1 if len(code) % 4 == 1 else None]
            try:
                said.append(
                    base64.b64decode(code + "=" * (-len(code) % 4)).decode(errors="replace")
                )
            except binascii.Error:
                continue
    return "\n".join(said)
