"""Numbers and what they count, in words: "1 bet", "2 bets", for every message there is."""

from collections.abc import Mapping
from typing import Any

# "-ses" and the like after which English adds "es" to the singular.
_HISSING = ("sses", "shes", "ches", "xes")
# A word that ends so is one thing already: a loss, a bonus, an analysis.
_SINGULAR = ("ss", "us", "is")
_IRREGULAR = {"lives": "life", "people": "person"}


def counted(number: int, things: str) -> str:
    """Write a number with the things it counts, which are given in the plural: `bets settled`."""
    return f"{number:,} {things if number != 1 else _singular(things)}"


def _singular(things: str) -> str:
    """Put the first plural among some words into the singular: the noun stands before what it did."""
    words = things.split(" ")
    for place, word in enumerate(words):
        if word in _IRREGULAR or (word.endswith("s") and not word.endswith(_SINGULAR)):
            words[place] = _IRREGULAR.get(word) or _one(word)
            break
    return " ".join(words)


def _one(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(_HISSING) else word[:-1]


def list_figures(figures: Mapping[Any, Any]) -> str:
    """Write figures as people read them: each by its name, without the punctuation of a language."""
    return ", ".join(f"{name.replace('_', ' ')} {_plain(value)}" for name, value in figures.items())


def _plain(value: Any) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case dict():
            return f"({list_figures(value)})"
        case list() | tuple():
            return "; ".join(map(_plain, value)) or "none"
        case _:
            return str(value)
