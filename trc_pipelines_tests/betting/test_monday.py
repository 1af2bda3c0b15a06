"""Whatever the order of Monday's jobs: the reset of a week comes before everything effective after it."""

from datetime import UTC, datetime

import pytest

from trc_pipelines_tests.betting.conftest import HOUR, MINUTE, Betting

MONDAY = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.mark.parametrize("first", ["reset", "settle"])
def test_a_loss_of_monday_is_paid_from_the_new_week_whichever_job_is_first(
    betting: Betting, first: str
) -> None:
    betting.join(1, balance=0)
    betting.play(1, 1, "lost", 50_000, MONDAY - HOUR)
    for job in sorted([betting.reset, betting.settle], key=lambda job: job.__name__ != first):
        job(MONDAY, now=MONDAY + 10 * MINUTE)
    assert betting.balances() == {1: 50_000}
    assert betting.broken() == []
