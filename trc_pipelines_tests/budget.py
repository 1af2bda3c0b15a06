"""How much is tried at random: one knob for all, since their time adds up."""

import os

# `make test EXAMPLES=20` tries twenty times as many, as for a night.
SCALE = float(os.environ.get("EXAMPLES") or 1)


def examples(most: int) -> int:
    """So many in an ordinary run."""
    return max(1, round(most * SCALE))
