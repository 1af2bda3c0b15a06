"""A history that fails is cut down: to its first days, and to the few things in them that matter."""

from collections.abc import Callable, Collection, Sequence


def shrink(
    happened: Sequence[str], fails_with: Callable[[Collection[str]], bool], most_tries: int
) -> list[str]:
    """Leave out of a failing history what it fails without: halves first, then ever smaller parts.

    Args:
        happened: numbers of what happened, in order.
        fails_with: whether it fails still when nothing else happens.
        most_tries: stop after so many.

    Returns:
        What is left.
    """
    left, size, tries = list(happened), max(1, len(happened) // 2), 0
    while size and tries < most_tries:
        start = 0
        while start < len(left) and tries < most_tries:
            rest = left[:start] + left[start + size :]
            tries += 1
            if fails_with(rest):
                left = rest
            else:
                start += size
        size = size // 2 if size > 1 else 0
    return left
