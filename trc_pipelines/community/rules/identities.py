"""What identifies a person: as digests, by which they are known without being named, and in texts."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

KINDS = ("member_id", "discord_id")
# Shorter ones are words or figures too: in texts they are found only where they are called by their name.
DISTINCT_LENGTH, DISTINCT_DIGITS = 6, 12


def hash_identity(kind: str, value: object, hash_key: str) -> str:
    """Make the digest by which an erased identity is known again."""
    key = bytes.fromhex(hash_key)
    return hashlib.blake2b(f"{kind}:{value}".encode(), key=key, digest_size=16).hexdigest()


def are_erased(people: pd.DataFrame, erasures: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Tell who was erased, by any of what identifies them.

    Args:
        people: member_id and discord_id, or one of the two; NULL is nobody's.
        erasures: digest, hash_key.
    """
    found = np.zeros(len(people), dtype=bool)
    for hash_key, listed in erasures.groupby("hash_key")["digest"]:
        digests = set(listed)
        for kind in [kind for kind in KINDS if kind in people]:
            is_listed = [
                value
                for value in people[kind].dropna().unique()
                if hash_identity(kind, value, str(hash_key)) in digests
            ]
            found |= people[kind].isin(is_listed).to_numpy(dtype=bool, na_value=False)
    return found


@dataclass(frozen=True)
class Mention:
    """How texts name a person: a regular expression for PostgreSQL and for Python, and what is put there."""

    pattern: str
    replacement: str


def find_mentions(identities: Iterable[object], pseudonym: str) -> list[Mention]:
    """Say how texts name somebody.

    Args:
        identities: ids and names.
        pseudonym: stands for them from now on; for numbers, which JSON has without quotes, 0 does.
    """
    texts = {str(identity) for identity in identities if str(identity).strip()}
    # As JSON has them, in which most texts are.
    texts |= {json.dumps(t, ensure_ascii=way)[1:-1] for t in texts for way in (True, False)}
    mentions = []
    for some, distinct_length, replacement in (
        ([text for text in texts if not text.isdecimal()], DISTINCT_LENGTH, rf"\1{pseudonym}"),
        ([text for text in texts if text.isdecimal()], DISTINCT_DIGITS, r"\10"),
    ):
        distinct = [text for text in some if len(text) >= distinct_length]
        short = [text for text in some if len(text) < distinct_length]
        mentions += [
            Mention(rf"({before})(?:{_any_of(them)})(?![\w-])", replacement)
            for before, them in ((r"(?<![\w-])", distinct), (r"member_id\W{1,8}", short))
            if them
        ]
    return mentions


def pattern_of_any(identities: Iterable[object]) -> str:
    """A regular expression for texts that people wrote, in which a short name is one too."""
    texts = [str(identity) for identity in identities if str(identity).strip()]
    return rf"(?<![\w-])(?:{_any_of(texts)})(?![\w-])"


def _any_of(texts: Sequence[str]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
