"""The betting app's jobs on a big weekend."""

from collections.abc import Iterator
from datetime import UTC, datetime

from bench.measure import Figure
from bench.quiz import EVENTS
from bench.ratios import Case, measure_case
from bench.server import Server
from trc_pipelines.betting.jobs import (
    BADGE_CALCULATION,
    BANKROLL_RESET,
    CONTENT_EXPIRATION,
    GAME_SETTLEMENT,
    STATS_ROLLUP,
)

SUNDAY = datetime(2026, 3, 8, 22, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, tzinfo=UTC)
GAMES = 20


def measure_betting(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure settlement, statistics, badges and expiration, for so many bets and posts."""
    for case in cases(size):
        yield from measure_case(server, case, repetitions)


def cases(size: int) -> Iterator[Case]:
    """List the cases: a fifth of the bets settle, statistics and badges are of all, all posts expire."""
    users = size // 20
    base = [
        f"INSERT INTO betting.users (id, created_at) SELECT md5('u' || n)::uuid, '2026-01-01Z' FROM generate_series(1, {users}) AS g (n)",
        "INSERT INTO betting.bankrolls (user_id, balance) SELECT id, 100000000 FROM betting.users",
        "INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, home_score, "
        "away_score, completed_at) SELECT 'g' || n, 'NFL', 'Hawks ' || n, 'Owls ' || n, '2026-03-08 16:00Z', "
        f"'completed', 20 + n, 30, '2026-03-08 19:00Z' FROM generate_series(1, {GAMES}) AS g (n)",
    ]
    opened = (
        "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, effective_at, run_id) "
        "SELECT user_id, 'opening', balance, balance, '2026-03-02Z', 'bench' FROM betting.bankrolls"
    )

    def bets(count: int, *, settled: bool) -> str:
        status = "(ARRAY['won', 'lost', 'push'])[1 + n % 3]" if settled else "'pending'"
        at = (
            "'2026-03-02Z'::timestamptz + n % 590000 * interval '1 second'"
            if settled
            else "NULL::timestamptz"
        )
        net = "(ARRAY[909, -1000, 0])[1 + n % 3]" if settled else "NULL"
        payout = "(ARRAY[1909, 0, 1000])[1 + n % 3]" if settled else "NULL"
        return (
            "INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, is_tail, "
            f"created_at, status, net, payout, settled_at) SELECT md5('b' || n)::uuid, md5('u' || 1 + n % {users})::uuid, "
            f"'g' || 1 + n % {GAMES}, 'spread', jsonb_build_object('team', 'Hawks ' || 1 + n % {GAMES}, 'line', "
            f"'3.5'), 1000, -110, n % 7 = 0, '2026-03-02 08:00Z', {status}, {net}, {payout}, {at} "
            f"FROM generate_series(1, {count}) AS g (n)"
        )

    pending = size // 5
    yield Case(
        f"{pending:,} bets on {GAMES} games are settled",
        GAME_SETTLEMENT,
        SUNDAY,
        [*base, opened, bets(pending, settled=False)],
        [
            f"UPDATE betting.bets SET status = 'won', payout = 1909, net = 909, settled_at = '{SUNDAY}'",
            "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, bet_id, game_id, "
            f"effective_at, run_id) SELECT user_id, 'bet_settled', net, 100000000, id, game_id, '{SUNDAY}', "
            "'bench' FROM betting.bets",
            "UPDATE betting.bankrolls SET balance = balance + 909",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT user_id, "
            "'bet_won', jsonb_build_object('bet_id', id, 'stake', stake, 'payout', payout, 'net', net, "
            "'game_id', game_id), now(), 'bet:' || id FROM betting.bets",
            EVENTS.format(
                key="id",
                payload="jsonb_build_object('bet_id', id, 'stake', stake, 'payout', payout, 'net', net, "
                "'game_id', game_id, 'user_id', user_id, 'outcome', status)",
                table="betting.bets",
            ),
        ],
        rate_of=("bets settled", pending, 50_000),
    )
    posted = (
        "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, bet_id, game_id, "
        "effective_at, run_id) SELECT user_id, 'bet_settled', net, 100000000, id, game_id, settled_at, "
        "'bench' FROM betting.bets"
    )
    yield Case(
        f"statistics of {size:,} bets, all at once",
        STATS_ROLLUP,
        SUNDAY,
        [*base, opened, bets(size, settled=True), posted],
        [
            "INSERT INTO betting.user_stats SELECT u.id, p.period, d.day, 3, 1, 1, 1, 0, 0.5, 3000, 2909, -91, "
            "-0.03, 909, -1000, 1, 1, 1, 0, 'Hawks 1', 0, 0, 0, 100000000, 100000000, 1000, now(), now() "
            "FROM betting.users AS u CROSS JOIN (VALUES ('day'), ('week'), ('all_time')) AS p (period) "
            "CROSS JOIN LATERAL (SELECT '2026-03-02'::date + n AS day FROM generate_series(0, 6) AS g (n) "
            "WHERE p.period = 'day' OR n = 0) AS d"
        ],
    )
    yield Case(
        f"badges of a week with {size:,} bets",
        BADGE_CALCULATION,
        SUNDAY,
        [*base, bets(size, settled=True)],
        [
            "INSERT INTO betting.user_badges (user_id, badge, week_start, earned_at) "
            "SELECT id, 'hot_streak', '2026-03-02', now() FROM betting.users",
            "INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id) "
            "SELECT id, 'hot_streak', '2026-03-02', 'earned', now(), 'bench' FROM betting.users",
            "INSERT INTO betting.user_effect_access (user_id, tier, badges, week_start, changed_at) "
            "SELECT id, 1, 1, '2026-03-02', now() FROM betting.users",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT id, "
            "'milestone', jsonb_build_object('badge', 'hot_streak'), now(), 'badge' FROM betting.users",
            EVENTS.format(
                key="id", payload="jsonb_build_object('user_id', id)", table="betting.users"
            ),
            EVENTS.format(
                key="'2' || id", payload="jsonb_build_object('user_id', id)", table="betting.users"
            ),
        ],
    )
    yield Case(
        f"{size:,} posts expire",
        CONTENT_EXPIRATION,
        SUNDAY,
        [
            "INSERT INTO betting.posts (id, user_id, created_at) SELECT md5('p' || n)::uuid, md5('u' || n % 1000)::uuid, "
            f"'2026-03-05Z'::timestamptz + n % 3600 * interval '1 second' FROM generate_series(1, {size}) AS g (n)"
        ],
        [f"UPDATE betting.posts SET deleted_at = '{SUNDAY}', deleted_reason = 'expired'"],
    )
    yield Case(
        f"{size // 5:,} bankrolls are reset",
        BANKROLL_RESET,
        MONDAY,
        [
            f"INSERT INTO betting.users (id, created_at) SELECT md5('u' || n)::uuid, '2026-01-01Z' FROM generate_series(1, {size // 5}) AS g (n)",
            "INSERT INTO betting.bankrolls (user_id, balance) SELECT id, 120000 FROM betting.users",
            opened,
        ],
        [
            "INSERT INTO betting.bankroll_weekly_history SELECT user_id, '2026-03-02', 120000, 120000, 0, 0, 0, "
            "0, 0, 0, NULL, 'bench' FROM betting.bankrolls",
            "INSERT INTO betting.bankroll_ledger (user_id, kind, amount, balance_after, week_start, effective_at, "
            "run_id) SELECT user_id, 'weekly_reset', -20000, 100000, '2026-03-09', '2026-03-09Z', 'bench' "
            "FROM betting.bankrolls",
            "UPDATE betting.bankrolls SET balance = 100000, weekly_reset_at = '2026-03-09Z', reset_count = 1",
            "INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key) SELECT user_id, "
            "'system', jsonb_build_object('week_start', '2026-03-09', 'closing_balance', 120000, 'new_balance', "
            "100000), now(), 'reset' FROM betting.bankrolls",
            EVENTS.format(
                key="user_id",
                payload="jsonb_build_object('user_id', user_id, 'week_start', '2026-03-09', 'closing_balance', "
                "120000, 'new_balance', 100000)",
                table="betting.bankrolls",
            ),
        ],
    )
