"""Which objects of the media store nobody needs, by what rows refer to, and since when.

In doubt an object is needed: one too many costs some space, one too few is somebody's picture.
"""

import posixpath
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import pandas as pd

from trc_pipelines.betting.rules.decoding import decode_texts
from trc_pipelines.betting.rules.derived import is_derived

# Objects come before the rows that refer to them; a week is more than any app needs for that.
MINIMUM_AGE = timedelta(days=7)
# Seen twice without a reference, that far apart.
GRACE = timedelta(hours=24)

# Longer than any key of S3.
LONGEST_KEY = 1024
# Clients resolve empty parts, "." and ".." and turn "\\" around; s3fs takes ?versionId= for a version.
_ODD_PATH = r"(?:^|/)\.{0,2}(?:/|$)"
_UNSAFE_KEY = rf"{_ODD_PATH}|\\|\?versionId=|\s$"
# Where a key within a text may end; more of them make a key that is not looked for, and kept.
_END = r"[^\w.~-]"
MOST_ENDS = 24
_SCHEME = r"[a-z][a-z0-9+.-]*://"


def find_references(
    texts: pd.Series, prefixes: Sequence[str], hosts: Sequence[str] = ()
) -> pd.Series:
    """Find the keys of all objects that the texts may refer to, and much that is no key.

    A key begins with a managed prefix, wherever that stands: in a URL, in one of its parameters, in
    a list, in JSON, HTML or Markdown, encoded any number of times. Where it ends only the store
    knows: everything up to any character that may end it counts.

    Args:
        texts: URLs, bare keys, or anything that holds some. No NULLs.
        prefixes: managed ones, as in "posts" or "users/avatars".
        hosts: ours, with all below them. The paths of others' URLs refer to nothing. Without any,
            every host may be ours.

    Returns:
        Texts, each once, in no order, accents composed (NFC).
    """
    words = tuple(f"{prefix}/" for prefix in prefixes)
    texts = texts.astype("str")
    # A question mark that is encoded belongs to the key.
    texts = pd.concat([texts, texts.str.replace(r"(?s)[?#].*", "", regex=True)], ignore_index=True)
    texts = decode_texts(texts, words)
    if hosts:
        texts = texts.str.replace(_foreign_path(hosts), " ", regex=True)
    begun = (
        rf"(?s)(?<![A-Za-z0-9_.-])(?=((?:{'|'.join(map(re.escape, words))}).{{1,{LONGEST_KEY}}}))"
    )
    tails = texts.str.extractall(begun)[0].str.normalize("NFC").drop_duplicates()
    is_odd = tails.str.contains("//|/[.]")
    normal = tails[is_odd].map(posixpath.normpath).str.extractall(begun)[0]
    tails = pd.concat([tails, normal], ignore_index=True)
    spaced = tails[tails.str.contains("+", regex=False)].str.replace("+", " ", regex=False)
    found = _cut(pd.concat([tails, spaced]).drop_duplicates(ignore_index=True))
    is_key = found.str.startswith(words) & ~found.str.contains(_ODD_PATH)
    return found[is_key & (found.str.len() <= LONGEST_KEY)]


def _foreign_path(hosts: Sequence[str]) -> str:
    """A pattern of URLs of other hosts: up to a parameter, a URL or a host of ours within them."""
    ours = rf"(?:[^/?#\s\"'<>:]*\.)?(?:{'|'.join(map(re.escape, hosts))})\.?"
    other = rf"(?!{ours}(?:[:/?#\s\"'<>]|$))[^/?#\s\"'<>,;|]+"
    path = rf"(?:(?!{_SCHEME}|/{ours}[:/])[^?#&=\s\"'<>,;|()\[\]{{}}])*"
    return rf"(?is){_SCHEME}(?:[^/?#\s\"'<>@]*+@)?+{other}{path}"


def _cut(tails: pd.Series) -> pd.Series:
    """The tails as they are, up to a query, and up to each character that may end a key."""
    cut = [tails, tails.str.replace(r"(?s)[?#].*", "", regex=True), tails.str.rstrip(" .")]
    for ends in range(MOST_ENDS):
        up_to = rf"^((?:[\w.~-]*{_END}){{{ends}}}[\w.~-]*){_END}"
        heads = tails.str.extract(up_to)[0].dropna()
        tails = tails[heads.index]
        cut += [heads, heads[heads.str.endswith(".")].str.rstrip(".")]
    found: pd.Series = pd.concat(cut, ignore_index=True).drop_duplicates()
    return found


def is_referenced(keys: pd.Series, references: pd.Series) -> pd.Series:
    """Whether each key is among the references, or of a family with one, accents composed or not."""
    composed = keys.str.normalize("NFC")
    is_needed = composed.isin(references)
    is_needed[~is_needed] = is_derived(composed[~is_needed], references)
    return is_needed


def find_orphans(objects: pd.DataFrame, references: pd.Series, as_of: datetime) -> pd.DataFrame:
    """Find the objects that have no reference and are older than a week for sure.

    Args:
        objects: object_key (unique), size_bytes, modified_at (UTC, NULL: unknown, it stays).
        references: as from `find_references`.

    Returns:
        Rows of `objects`. Keys that a client could take for another object are never among them.
    """
    keys = objects["object_key"]
    is_old = objects["modified_at"] < as_of - MINIMUM_AGE
    is_unsafe = keys.str.contains(_UNSAFE_KEY) | (keys.str.len() > LONGEST_KEY)
    is_unsafe |= keys.str.count(_END) >= MOST_ENDS
    return objects[is_old & ~is_unsafe & ~is_referenced(keys, references)]


def find_doubt(objects: int, orphans: int, references: int, max_share: float) -> str | None:
    """Find why so many orphans are not to be believed, None when they are.

    The share counts in small stores too: to keep one picture of three costs nothing.

    Args:
        objects: how many there are.
        orphans: how many of them have no reference.
        references: how many there are, to any object.
        max_share: of the objects that may be orphans, 0 to 1.
    """
    if not references:
        return "no row refers to any object. Are the app's rows there, is MEDIA_BASE_URLS right?"
    if orphans > max_share * objects:
        return (
            f"{orphans} of {objects} objects have no reference, more than {max_share:.0%} "
            "(MEDIA_MAX_ORPHAN_SHARE). Are the app's rows there, is MEDIA_BASE_URLS complete?"
        )
    return None


def follow_orphans(
    orphans: pd.DataFrame,
    objects: pd.DataFrame,
    known: pd.DataFrame,
    references: pd.Series,
    prefixes: Sequence[str],
    as_of: datetime,
) -> pd.DataFrame:
    """Say of orphans since when they are, and whether they are due.

    What was due and is gone is taken for deleted: a run that was killed could not say so any more.

    Args:
        orphans, objects, references: as of now.
        known: the orphans that waited: object_key (unique), size_bytes, first_seen_at, last_seen_at.
        prefixes: managed ones. What waited elsewhere is forgotten.

    Returns:
        object_key (unique), size_bytes, first_seen_at, last_seen_at, is_gone, is_due (since a day
        or longer). What had a reference in between, or is gone by other hands, is not in it.
    """
    seen = orphans[["object_key", "size_bytes"]].merge(
        known[["object_key", "first_seen_at"]], how="left", on="object_key"
    )
    now = pd.Timestamp(as_of).as_unit("us")
    seen = seen.assign(
        first_seen_at=seen["first_seen_at"].fillna(now), last_seen_at=now, is_gone=False
    )
    keys = known["object_key"]
    is_gone = (
        (known["first_seen_at"] <= now - GRACE)
        & ~keys.isin(objects["object_key"])
        & ~is_referenced(keys, references)
        & keys.str.startswith(tuple(f"{prefix}/" for prefix in prefixes))
    )
    followed = pd.concat([seen, known[is_gone].assign(is_gone=True)], ignore_index=True)
    return followed.assign(is_due=followed["first_seen_at"] <= now - GRACE)
