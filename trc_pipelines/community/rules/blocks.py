"""How long to stay away from MEE6 after it refused."""

from datetime import datetime, timedelta

FIRST_BLOCK = timedelta(minutes=30)
SECOND_BLOCK = timedelta(hours=2)
STRIKES_COUNT_FOR = timedelta(hours=24)


def block_until(now: datetime, retry_after_seconds: float | None, strikes: int) -> datetime:
    """Decide until when to stay away after a 429 that outlasted the run.

    Half an hour, two hours on a second strike within a day, longer when the API said so. It is
    never longer than a day, so that one odd header does not switch the sync off for good.
    """
    wait = SECOND_BLOCK if strikes else FIRST_BLOCK
    asked = min(retry_after_seconds or 0, STRIKES_COUNT_FOR.total_seconds())
    return now + max(wait, timedelta(seconds=asked))
