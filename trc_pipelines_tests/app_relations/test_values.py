"""A value that is missing in an app's row is named, not computed with."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from trc_pipelines.app_relations.values import require_values
from trc_pipelines.betting.jobs import (
    BADGE_CALCULATION,
    BANKROLL_RESET,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
)
from trc_pipelines.jobs.contract import Job, JobError
from trc_pipelines.quiz.jobs import QUIZ_STREAK_UPDATE
from trc_pipelines_tests.scenarios.test_dry_runs import live_in_the_apps
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
USER = "00000000-0000-0000-0000-000000000001"


def test_relation_column_number_and_first_keys_are_named() -> None:
    rows = pd.DataFrame(
        {
            "id": list("abcdef"),
            "stake": pd.array([1, None, None, None, None, 6], "Int64"),
            "placed_at": [pd.Timestamp(NOON)] * 5 + [pd.NaT],
            "note": None,
        }
    )
    needed = {"app.bets": ["stake", "id"], "app.games": ["placed_at"]}
    with pytest.raises(JobError) as caught:
        require_values(rows, "id", needed)
    assert str(caught.value).startswith(
        "app.bets.stake is NULL in 4 rows (id b, c, d, …); "
        "app.games.placed_at is NULL in 1 row (id f). A value is needed there"
    )
    sound = rows.iloc[:1]
    assert require_values(sound, "id", needed) is sound
    assert require_values(rows.iloc[:0], "id", needed).empty


@pytest.mark.parametrize(
    ("relation", "column", "job"),
    [
        ("betting.bets", "net", STATS_ROLLUP),
        ("betting.bets", "payout", STATS_ROLLUP),
        ("betting.bets", "created_at", STATS_ROLLUP),
        ("betting.bets", "net", BADGE_CALCULATION),
        ("betting.users", "referral_count", BANKROLL_RESET),
        ("quiz.player_progress", "protections_remaining", QUIZ_STREAK_UPDATE),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_job_says_which_value_of_which_row_is_missing(
    world: World, relation: str, column: str, job: Job
) -> None:
    live_in_the_apps(world, NOON)
    settled = "WHERE status <> 'pending'" if relation == "betting.bets" else ""
    world.execute(
        f"ALTER TABLE {relation} ALTER COLUMN {column} DROP NOT NULL;"
        f"UPDATE {relation} SET {column} = NULL {settled}"
    )
    with pytest.raises(
        JobError, match=rf"^{relation}\.{column} is NULL in 1 row \(\w+ [-0-9a-f]{{36}}\)"
    ):
        world.run(job, NOON)


def test_a_bet_of_an_unknown_time_waits_because_it_may_have_been_placed_too_late(
    world: World,
) -> None:
    live_in_the_apps(world, NOON)
    world.execute(
        "ALTER TABLE betting.bets ALTER COLUMN created_at DROP NOT NULL;"
        "UPDATE betting.bets SET created_at = NULL WHERE status = 'pending'"
    )
    result = world.run(GAME_SETTLEMENT, NOON + timedelta(hours=1))["betting.game_settlements"]
    assert "created_at must be known" in result.message
    assert world.query("SELECT status FROM betting.bets ORDER BY status")["status"].tolist() == [
        "pending",
        "won",
    ]
