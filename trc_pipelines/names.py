"""Names as people may see them. Members choose them, so they are hostile text until cleaned here.

Cleaned names are for display only. Keys, tags and logs carry ids. Quoting for a format (CSV,
Markdown, HTML) is the business of whoever writes that format.
"""

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PLACEHOLDER = "(no name)"

# Letters, marks and symbols that show nothing: fillers, variation selectors, the empty Braille
# cell. Members use them to have an empty name, or two names that look the same.
_SHOWS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def clean_name(text: str, max_length: int = 64) -> str:
    """Clean a name into one printable line in NFC of 1 to `max_length` characters.

    Control, format (bidirectional overrides, zero width), surrogate, private and unassigned
    characters go. Any run of white space becomes one space. What is left empty becomes "(no name)".
    """
    # Cut first: NFC takes quadratic time over a long run of combining marks.
    text = text[: 16 * max_length]
    if not (text.isascii() and text.isprintable()):
        visible = (c if c.isprintable() else " " if c.isspace() else "" for c in text)
        text = unicodedata.normalize("NFC", _SHOWS_NOTHING.sub("", "".join(visible)))
    return " ".join(text.split())[:max_length].rstrip() or PLACEHOLDER


def clean_names(names: "pd.Series") -> "pd.Series":
    """Clean each name, as a `str` series on the same index. A missing one counts as empty.

    Unicode rules have no array form, so this maps: about a million names take a second.
    """
    return names.astype(object).where(names.notna(), "").map(clean_name).astype("str")
