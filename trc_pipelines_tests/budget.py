"""How much is tried, at random or of a list: one knob for all, since their time adds up."""

import os

# `make test EXAMPLES=20` tries twenty times as many, as for a night.
SCALE = float(os.environ.get("EXAMPLES") or 1)


def examples(most: int) -> int:
    """So many in an ordinary run."""
    return max(1, round(most * SCALE))


def one_in(most: int) -> int:
    """The step through a list of which an ordinary run tries one in so many, and a night all of it."""
    return max(1, round(most / max(SCALE, 1)))
