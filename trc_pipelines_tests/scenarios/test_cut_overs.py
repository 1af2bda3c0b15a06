"""Before the old jobs of quiz and betting app stop nothing is written there, and after it nothing twice."""

from datetime import UTC, datetime, timedelta

import pytest

from trc_pipelines.betting.jobs import BANKROLL_RESET, GAME_SETTLEMENT
from trc_pipelines.quiz.jobs import LIFE_REGENERATION, QUIZ_STREAK_UPDATE
from trc_pipelines_tests.catalogue import CHECKS, LEADERBOARD_WEEKLY_RESET
from trc_pipelines_tests.scenarios.test_dry_runs import live_in_the_apps
from trc_pipelines_tests.world import World

pytestmark = pytest.mark.either

# A Wednesday at noon: somebody's Monday and midnight are over.
CUT_OVER = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
OLD_BET = (
    "INSERT INTO betting.bets (id, user_id, game_id, bet_type, stake, odds, status, payout, net, settled_at) "
    "SELECT '{id}', id, 'old', 'moneyline', 500, 100, 'won', 1000, 500, '{at}' FROM betting.users"
)


@pytest.fixture
def apps(world: World) -> World:
    """Quiz and betting app, with something to do for every job."""
    world.settings = world.settings.model_copy(
        update={"quiz_cut_over_at": CUT_OVER, "betting_cut_over_at": CUT_OVER}
    )
    live_in_the_apps(world, CUT_OVER + HOUR)
    world.execute("UPDATE betting.bankrolls SET weekly_reset_at = '2026-03-02 00:00:05Z'")
    return world


def broken_checks(world: World) -> list[str]:
    with world.database.transaction(commit=False) as transaction:
        return [check.name for check in CHECKS if not check.find_violations(transaction).empty]


def test_nothing_is_written_to_the_apps_before_their_cut_over(apps: World) -> None:
    apps.execute("UPDATE quiz.lives SET next_regen_at = next_regen_at - interval '1 day'")
    before = CUT_OVER - timedelta(minutes=1)
    rehearsed = apps.run(LIFE_REGENERATION, before, dry_run=True)
    assert rehearsed["quiz.life_regenerations"].affected == 1
    done = apps.run(LIFE_REGENERATION, before)["quiz.life_regenerations"]
    assert (done.affected, done.success) == (0, True)
    assert "QUIZ_CUT_OVER_AT" in done.message
    assert apps.query("SELECT current_lives FROM quiz.lives")["current_lives"].tolist() == [1]
    assert apps.run(LIFE_REGENERATION, CUT_OVER)["quiz.life_regenerations"].affected == 1


def test_a_day_that_the_old_job_judged_costs_no_second_protection(apps: World) -> None:
    done = apps.run(QUIZ_STREAK_UPDATE, CUT_OVER + HOUR)["quiz.streak_evaluations"]
    assert done.affected == 0
    assert apps.run(QUIZ_STREAK_UPDATE, CUT_OVER + DAY)["quiz.streak_evaluations"].affected == 1


def test_bets_settled_by_the_old_job_are_outside_the_ledger_and_later_ones_reported(
    apps: World,
) -> None:
    apps.execute(OLD_BET.format(id="before", at=CUT_OVER - DAY))
    apps.run(GAME_SETTLEMENT, CUT_OVER + HOUR)
    assert "every_settled_bet_is_in_the_ledger" not in broken_checks(apps)
    apps.execute(OLD_BET.format(id="after", at=CUT_OVER + DAY))
    assert "every_settled_bet_is_in_the_ledger" in broken_checks(apps)


def test_a_week_that_the_old_job_reset_is_not_reset_again(apps: World) -> None:
    reset = apps.run(BANKROLL_RESET, CUT_OVER + HOUR)["betting.bankroll_weekly_history"]
    assert reset.affected == 0
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    reset = apps.run(BANKROLL_RESET, monday)["betting.bankroll_weekly_history"]
    assert reset.affected == 1


def test_a_reset_that_the_old_job_was_quicker_with_counts(apps: World) -> None:
    monday = datetime(2026, 3, 9, tzinfo=UTC)
    apps.execute(
        f"UPDATE betting.bankrolls SET weekly_reset_at = '{monday + timedelta(seconds=5)}'"
    )
    reset = apps.run(BANKROLL_RESET, monday + HOUR)["betting.bankroll_weekly_history"]
    assert reset.affected == 0


def test_boards_of_weeks_before_the_cut_over_are_not_closed(apps: World) -> None:
    apps.execute(
        "INSERT INTO quiz.xp_events (user_id, amount, earned_at, source) "
        f"SELECT id, 5, '{CUT_OVER - 20 * DAY}', 'old' FROM quiz.users"
    )
    apps.run(LEADERBOARD_WEEKLY_RESET, CUT_OVER + HOUR)
    closed = apps.query("SELECT * FROM leaderboards.closed_periods WHERE domain = 'quiz'")
    assert closed.empty
