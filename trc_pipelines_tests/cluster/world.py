"""Two months of three apps, made at once: enough for every job of the comparison to have work."""

from datetime import datetime, timedelta

from trc_pipelines_tests.cluster.processes import Postgres

MEMBERS, PLAYERS, BETTORS, GAMES = 500, 300, 100, 40
# Nothing in it is left to chance. Every fifth bettor stakes more than half of what there is.
STATEMENTS = """
INSERT INTO community.members (member_id, discord_id, subscription_status)
SELECT 'm' || n, 100000 + n, 'ACTIVE' FROM generate_series(1, {MEMBERS}) AS n;

INSERT INTO community.point_transactions (member_id, action, points, created_at)
SELECT 'm' || n, 'resource_download', 1 + (n * 7 + d * 13) % 50, timestamptz '{now}' - d * interval '1 day' - n * interval '1 second'
FROM generate_series(1, {MEMBERS}) AS n, generate_series(1, {days}) AS d WHERE (n * 31 + d * 17) % 5 < 2;

INSERT INTO quiz.users (id, username) SELECT '{zeros}' || (1000 + n), 'u' || n FROM generate_series(1, {PLAYERS}) AS n;
INSERT INTO quiz.lives (user_id, current_lives, next_regen_at)
SELECT '{zeros}' || (1000 + n), 1 + n % 3, timestamptz '{now}' - n * interval '1 minute' FROM generate_series(1, {PLAYERS}) AS n;
INSERT INTO quiz.player_progress (user_id, xp, current_streak, last_quiz_at, last_xp_at)
SELECT '{zeros}' || (1000 + n), n % 70, n % 9, timestamptz '{now}' - n % 9 * interval '1 day', timestamptz '{now}' - interval '1 day'
FROM generate_series(1, {PLAYERS}) AS n;
INSERT INTO quiz.quiz_sessions (id, user_id, started_at)
SELECT '{zeros}' || (1000 + n), '{zeros}' || (1000 + n), timestamptz '{now}' - n * interval '1 hour' FROM generate_series(1, {PLAYERS}) AS n;
INSERT INTO quiz.xp_events (user_id, amount, earned_at, source)
SELECT '{zeros}' || (1000 + n), n % 70, timestamptz '{now}' - interval '1 day', 'q' FROM generate_series(1, {PLAYERS}) AS n WHERE n % 70 > 0;

INSERT INTO betting.users (id, created_at)
SELECT '{zeros}' || (1000 + n), timestamptz '{now}' - interval '60 days' FROM generate_series(1, {BETTORS}) AS n;
INSERT INTO betting.bankrolls (user_id) SELECT id FROM betting.users ORDER BY id;
INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, home_score, away_score, completed_at)
SELECT 'g' || n, 'NFL', 'Hawks', 'Owls', timestamptz '{now}' - (1 + n % 9) * interval '1 day', 'completed', n % 5, n % 3,
    timestamptz '{now}' - (1 + n % 9) * interval '1 day' + interval '3 hours'
FROM generate_series(1, {GAMES}) AS n;
INSERT INTO betting.bets (id, user_id, game_id, bet_type, bet_details, stake, odds, created_at)
SELECT md5(n || '-' || g)::uuid, '{zeros}' || (1000 + n), 'g' || g, 'moneyline',
    CASE WHEN (n + g) % 2 = 0 THEN '{{"team": "Hawks"}}'::jsonb ELSE '{{"team": "Owls"}}'::jsonb END,
    CASE n % 5 WHEN 0 THEN 60000 ELSE 10 END, 100,
    timestamptz '{now}' - interval '12 days' + n * interval '1 second'
FROM generate_series(1, {BETTORS}) AS n, generate_series(1, {GAMES}) AS g WHERE (n + g) % 4 = 0;
INSERT INTO betting.posts (id, user_id, created_at)
SELECT md5('p' || n)::uuid, '{zeros}' || (1000 + n), timestamptz '{now}' - n * interval '1 hour' FROM generate_series(1, {BETTORS}) AS n;
"""


def fill(postgres: Postgres, database: str, now: datetime, days: timedelta) -> None:
    """Put it into a database whose tables are there and empty."""
    text = STATEMENTS.format(
        now=now.isoformat(), days=days.days, zeros="00000000-0000-0000-0000-00000000",
        MEMBERS=MEMBERS, PLAYERS=PLAYERS, BETTORS=BETTORS, GAMES=GAMES,
    )  # fmt: skip
    postgres.execute(database, text)
