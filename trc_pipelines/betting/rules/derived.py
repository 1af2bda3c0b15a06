"""Objects that are made of others, recognised by their names: sizes of a picture, parts of a video.

An app refers to the picture and builds the names of its sizes, or it refers to a size that a proxy
makes of the picture. Either way one keeps the other.
"""

import pandas as pd

# What stands between a name and what is said of a version of it.
_SEPARATOR = "[._@~/-]"
_BEFORE_LAST_SEPARATOR = rf"(?s){_SEPARATOR}+[^._@~/-]*$"
_EXTENSION = r"(?s)([^/])\.[^/]*$"
# thumbs/a.jpg, 200x200/a.jpg and thumb_a.jpg are versions of a.jpg.
_SIZE = r"(?:thumb(?:nail)?s?|small|medium|large|previews?|resized|sizes|[wh]?_?\d+x\d*|\d+w)"
_OF_SIZE = rf"(?i)/{_SIZE}[/_-]"
_PLAYLIST = r"(?i)\.(?:m3u8|mpd)$"
_SEGMENT = r"(?i)\.(?:ts|m4[sva]|mp4|cmf[va]|aac|mp3|vtt|key|m3u8|mpd|jpe?g)$"


def is_derived(keys: pd.Series, references: pd.Series) -> pd.Series:
    """Whether each key is a version of what is referred to, or the other way round.

    "posts/a.jpg" keeps "posts/a_200x200.jpg", "posts/a@2x.png", "posts/a.thumb.webp",
    "posts/a/200.jpg" and "posts/thumbs/a.jpg". Each of these keeps "posts/a.jpg". A playlist keeps
    all that is in its folder or below. Right below a prefix, where everything would be, it keeps what
    may be a part of a video.
    """
    versions = _without_size(references)
    named = _without_size(keys)
    bases = versions[versions.str.contains(r"\.[^/]*$")].str.replace(_EXTENSION, r"\1", regex=True)
    of_a_base = _has_ancestor(named, bases)

    stems = named.str.replace(_EXTENSION, r"\1", regex=True)
    wanted = versions
    is_base = stems.isin(wanted)
    while len(wanted := wanted[wanted.str.contains(_SEPARATOR)]):
        wanted = wanted.str.replace(_BEFORE_LAST_SEPARATOR, "", regex=True).drop_duplicates()
        is_base |= stems.isin(wanted)

    playlists = references[references.str.contains(_PLAYLIST)]
    folders = playlists.str.replace("/[^/]*$", "", regex=True).drop_duplicates()
    own = folders[folders.str.contains("/")]
    beside = keys.str.replace("/[^/]*$", "", regex=True).isin(folders)
    is_part = _has_ancestor(keys, own, "/") | (beside & keys.str.contains(_SEGMENT))
    return of_a_base | is_base | is_part


def _without_size(keys: pd.Series) -> pd.Series:
    return keys.str.replace(_OF_SIZE, "/", regex=True)


def _has_ancestor(keys: pd.Series, ancestors: pd.Series, separator: str = _SEPARATOR) -> pd.Series:
    """Whether what a key begins with, up to any separator in it, is among the ancestors."""
    has_one = pd.Series(False, keys.index)
    if ancestors.empty:
        return has_one
    last = rf"(?s){separator}+[^{separator.strip('[]')}]*$"
    while len(keys := keys[keys.str.contains(separator)]):
        keys = keys.str.replace(last, "", regex=True)
        has_one.loc[keys.index] |= keys.isin(ancestors)
    return has_one
