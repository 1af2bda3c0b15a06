"""How long MEE6 is left alone after it refused."""

from datetime import UTC, datetime, timedelta

import pytest

from trc_pipelines.community.rules.blocks import block_until

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE, HOUR = 60, 3600


@pytest.mark.parametrize(
    ("asked", "strikes", "seconds"),
    [
        (None, 0, 30 * MINUTE),
        (None, 1, 2 * HOUR),
        (None, 7, 2 * HOUR),
        (0, 0, 30 * MINUTE),
        (1, 0, 30 * MINUTE),
        (45 * MINUTE, 0, 45 * MINUTE),
        (45 * MINUTE, 1, 2 * HOUR),
        (3 * HOUR, 1, 3 * HOUR),
        (24 * HOUR, 0, 24 * HOUR),
        (24 * HOUR + 1, 0, 24 * HOUR),
        (10**12, 3, 24 * HOUR),
    ],
)
def test_a_refusal_is_obeyed_for_what_it_asks_and_for_half_an_hour_or_two_at_least_and_a_day_at_most(
    asked: float | None, strikes: int, seconds: int
) -> None:
    assert block_until(NOON, asked, strikes) == NOON + timedelta(seconds=seconds)
