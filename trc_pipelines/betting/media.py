"""Which objects of the media store nobody needs, by what rows refer to, and since when.

In doubt an object is needed: one too many costs some space, one too few is somebody's picture.
"""

import posixpath
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import unquote, unquote_plus

import pandas as pd

# Objects come before the rows that refer to them; a week is more than any app needs for that.
MINIMUM_AGE = timedelta(days=7)
# Seen twice without a reference, that far apart.
GRACE = timedelta(hours=24)

# Longer than any key of S3.
LONGEST_KEY = 1024
# Clients resolve empty parts, "." and ".." and turn "\\" around; s3fs takes ?versionId= for a version.
_UNSAFE_KEY = r"(?:^|/)\.{0,2}(?:/|$)|\\|\?versionId=|\s$"
# scheme://user@host:port, then everything else.
_URL = r"(?is)^[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?([^/?#:]*)[^/?#]*(.*)$"


def find_references(
    urls: pd.Series, prefixes: Sequence[str], hosts: Sequence[str] = ()
) -> pd.Series:
    """Keys of all objects that the URLs may refer to.

    A key begins with a managed prefix, wherever that stands in the path: behind the address of a
    CDN, a slash, or nothing. It counts as it is written, without query or fragment, and decoded
    ("posts/a%20b.jpg" is also "posts/a b.jpg", and "+" may be a space): each may be a key.

    Args:
        urls: URLs or bare keys, no NULLs.
        prefixes: managed ones, as in "posts" or "users/avatars".
        hosts: ours, with all below them; URLs of others refer to nothing. Without any, every host
            may be ours.

    Returns:
        Keys, each once, in no order, accents composed (NFC).
    """
    urls = urls.astype("str").str.strip().str.replace("\\", "/")
    parts = urls.str.extract(_URL)
    host = "." + parts[0].fillna("").str.rstrip(".").str.lower()
    written = parts[1].fillna(urls)
    if hosts:
        ours = tuple(f".{name.lower()}" for name in hosts)
        written = written[(host == ".") | host.str.endswith(ours)]
    path = pd.concat([written, written.str.replace(r"(?s)[?#].*", "", regex=True)])
    encoded = path[path.str.contains("[%+]")]
    path = pd.concat(
        [path, encoded.map(unquote), encoded.map(unquote_plus)], ignore_index=True
    ).drop_duplicates()
    is_odd = path.str.contains("//|/[.]")
    path = path.where(~is_odd, path[is_odd].map(posixpath.normpath))

    below_a_prefix = "(?s)(?:^|/)((?:" + "|".join(map(re.escape, prefixes)) + ")/.+)"
    keys = []
    while len(path):  # once more for every prefix within what a prefix began
        found = path.str.extract(below_a_prefix)[0].dropna()
        keys.append(found[found.str.len() <= LONGEST_KEY])
        path = found.str.replace(r"^[^/]*/", "", regex=True)
    references: pd.Series = pd.concat([path, *keys]).str.normalize("NFC").drop_duplicates()
    return references


def is_referenced(keys: pd.Series, references: pd.Series) -> pd.Series:
    """Whether each key is among the references, accents composed or not."""
    return keys.str.normalize("NFC").isin(references)


def find_orphans(objects: pd.DataFrame, references: pd.Series, as_of: datetime) -> pd.DataFrame:
    """The objects that have no reference and are older than a week for sure.

    Args:
        objects: object_key (unique), size_bytes, modified_at (UTC; NULL: unknown, it stays).
        references: as from `find_references`.

    Returns:
        Rows of `objects`. Keys that a client could take for another object are never among them.
    """
    keys = objects["object_key"]
    is_old = objects["modified_at"] < as_of - MINIMUM_AGE
    is_unsafe = keys.str.contains(_UNSAFE_KEY) | (keys.str.len() > LONGEST_KEY)
    return objects[is_old & ~is_unsafe & ~is_referenced(keys, references)]


def find_doubt(objects: int, orphans: int, references: int, max_share: float) -> str | None:
    """Why so many orphans are not to be believed; None when they are.

    The share counts in small stores too: to keep one picture of three costs nothing.

    Args:
        objects: how many there are; orphans, references: of them, and to any.
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
    """Orphans with since when they are, and whether they are due.

    What was due and is gone is taken for deleted: a run that was killed could not say so any more.

    Args:
        orphans, objects, references: as of now.
        known: the orphans that waited: object_key (unique), size_bytes, first_seen_at, last_seen_at.
        prefixes: managed ones; what waited elsewhere is forgotten.

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
