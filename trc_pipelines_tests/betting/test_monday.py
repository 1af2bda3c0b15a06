"""Whatever the order of Monday's jobs: the reset of a week comes before everything effective after it."""

import os
import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.engine import make_url

from trc_pipelines.betting import jobs
from trc_pipelines.jobs.contract import Job
from trc_pipelines_tests.betting.conftest import HOUR, MINUTE, Betting
from trc_pipelines_tests.databases import PooledDatabase, close_connections
from trc_pipelines_tests.servers import create_database

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


# Any order, late, missed --------------------------------------------------------------------------

WEEK = timedelta(days=7)
USERS = range(1, 7)
AT_MIDNIGHT = [
    jobs.GAME_SETTLEMENT, jobs.BANKROLL_RESET, jobs.STATS_ROLLUP, jobs.BADGE_CALCULATION,
    jobs.CONTENT_EXPIRATION, jobs.CLEANUP,
]  # fmt: skip
STATE = {
    "balances": "SELECT user_id::text, balance, reset_count, weekly_reset_at FROM betting.bankrolls",
    "bets": "SELECT id::text, status, payout, net FROM betting.bets",
    "history": "SELECT (to_jsonb(h) - 'run_id')::text FROM betting.bankroll_weekly_history AS h",
    "weeks": "SELECT user_id::text, date_trunc('week', effective_at AT TIME ZONE 'UTC')::text, "
    "sum(amount) FILTER (WHERE kind IN ('bet_settled', 'reversal'))::text, "
    "coalesce(sum(amount) FILTER (WHERE kind LIKE 'write_off%'), 0)::text, "
    "sum(amount) FILTER (WHERE kind = 'weekly_reset')::text "
    "FROM betting.bankroll_ledger WHERE kind <> 'opening' GROUP BY 1, 2",
    # How high a balance ever was, and when it was settled, is what happened, not what came of it.
    "statistics": "SELECT (to_jsonb(u) - 'balance_high' - 'balance_low' - 'last_settled_at')::text "
    "FROM betting.user_stats AS u",
    "badges": "SELECT user_id::text, badge FROM betting.user_badges "
    "WHERE lost_at IS NULL AND week_start = '2026-03-16'",
    "effects": "SELECT user_id::text, tier, badges FROM betting.user_effect_access WHERE tier > 0",
}


def games_of(dice: random.Random, over_at: datetime, first_bet: int) -> dict[str, list[dict]]:
    """A dozen games around a midnight, each with a few bets: most lose more than a balance holds."""
    games, bets = [], []
    for number in range(12):
        ends = over_at + number * 11 * MINUTE
        game = f"g{first_bet + number * 10}"
        games.append({
            "id": game, "sport": "NFL", "home_team": "Hawks", "away_team": "Owls", "status": "completed",
            "home_score": 24, "away_score": 20, "commence_time": ends - 3 * HOUR, "completed_at": ends,
        })  # fmt: skip
        bets += [
            {
                "id": first_bet + number * 10 + bet, "user_id": dice.choice(USERS), "game_id": game,
                "bet_type": "moneyline", "bet_details": {"team": dice.choice(["Hawks", "Owls", "Owls"])},
                "stake": dice.choice([500, 20_000, 70_000, 130_000]), "odds": dice.choice([-200, 100]),
                "created_at": ends - 4 * HOUR + bet * MINUTE,
            }
            for bet in range(dice.randint(1, 4))
        ]  # fmt: skip
    return {"games": games, "bets": bets}


def mondays(dice: random.Random) -> list[tuple[Job, datetime]]:
    """Two Mondays in some order: jobs late, early among each other, or missed; caught up at the end."""
    runs: list[tuple[Job, datetime]] = []
    waiting: list[tuple[Job, datetime]] = []
    for monday in (MONDAY, MONDAY + WEEK):
        runs.append((jobs.GAME_SETTLEMENT, monday - MINUTE))
        due = waiting + [(job, monday) for job in AT_MIDNIGHT]
        due += [(jobs.GAME_SETTLEMENT, monday + HOUR), (jobs.STATS_ROLLUP, monday + HOUR)]
        dice.shuffle(due)
        due = [run for run in due if dice.random() < 0.8]
        is_reset_missed = not any(job is jobs.BANKROLL_RESET for job, _ in due)
        waiting = [(jobs.BANKROLL_RESET, monday)] if is_reset_missed and dice.random() < 0.5 else []
        runs += [*due, (jobs.GAME_SETTLEMENT, monday + 3 * HOUR)]
    end = MONDAY + WEEK + 4 * HOUR
    last = [(jobs.BANKROLL_RESET, end), (jobs.GAME_SETTLEMENT, end)]
    dice.shuffle(last)
    return [*runs, *last, (jobs.STATS_ROLLUP, end), (jobs.BADGE_CALCULATION, end)]


def play(betting: Betting, runs: list[tuple[Job, datetime]]) -> dict[str, list[tuple]]:
    late = MONDAY + WEEK + 4 * HOUR
    for job, as_of in runs:
        betting.run(job, as_of, now=late)
    assert betting.broken() == []
    return {what: sorted(betting.rows(query), key=str) for what, query in STATE.items()}


@pytest.mark.undisturbed("compares many worlds, each of which takes a database")
def test_any_order_of_two_mondays_jobs_late_or_missed_gives_one_state(
    betting: Betting, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ORDERS=200 SEED=… pytest …` tries more of them."""
    tried, seed = int(os.environ.get("ORDERS", "4")), int(os.environ.get("SEED", "3"))
    dice = random.Random(seed)
    for user in USERS:
        betting.join(user, balance=dice.choice([0, 30_000, 100_000, 300_000]), referrals=user % 3)
    for number, monday in enumerate((MONDAY, MONDAY + WEEK)):
        betting.write(**games_of(dice, monday - HOUR, 1 + number * 1_000))
    on_time = [
        (job, as_of + number * WEEK)
        for number in range(2)
        for job, as_of in [
            (jobs.GAME_SETTLEMENT, MONDAY - MINUTE), (jobs.BANKROLL_RESET, MONDAY),
            (jobs.GAME_SETTLEMENT, MONDAY), (jobs.GAME_SETTLEMENT, MONDAY + 3 * HOUR),
            (jobs.STATS_ROLLUP, MONDAY + 4 * HOUR), (jobs.BADGE_CALCULATION, MONDAY + 4 * HOUR),
        ]
    ]  # fmt: skip
    template = betting.database.url
    close_connections(template)
    expected = None
    for order in range(tried + 1):
        runs = mondays(dice) if order else on_time
        url = create_database(template, template=make_url(template).database)
        state = play(Betting(PooledDatabase(url), betting.settings, betting.simulator), runs)
        expected = expected or state
        for what, rows in state.items():
            assert rows == expected[what], (what, [f"{job.name} {as_of}" for job, as_of in runs])
    assert any(row[3] != "0" for row in expected["weeks"]), "nothing was written off"
    with capsys.disabled():
        print(f"\n{tried} orders of two Mondays' jobs: one state")
