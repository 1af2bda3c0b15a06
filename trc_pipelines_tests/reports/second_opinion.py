"""Every chart a second time: from the base tables, by what it is said to show, without a view.

Each query gives the columns of the table behind the chart, shares in per cent and money in units.
"""

from trc_pipelines_tests.reports.history import FIRST, LAST

ACTIVE = "community.daily_points p WHERE p.is_active"
COUNT_ACTIVE = f"(SELECT count(DISTINCT p.member_id) FROM {ACTIVE} AND p.day"
DAYS = f"generate_series(DATE '{FIRST}', DATE '{LAST}', '1 day') t(at), LATERAL (SELECT at::date AS d) x"
# Who was active on a day, and how long after the time before that.
KINDS = """kinds AS (
    SELECT p.member_id, p.day, CASE
        WHEN before.day IS NULL THEN 'new' WHEN p.day - before.day <= 7 THEN 'current'
        WHEN p.day - before.day <= 30 THEN 'reactivated' ELSE 'resurrected' END AS kind,
        EXISTS (SELECT 1 FROM community.daily_points n
                WHERE n.is_active AND n.member_id = p.member_id AND n.day = p.day + 1) AS returned
    FROM community.daily_points p, LATERAL (
        SELECT max(b.day) AS day FROM community.daily_points b
        WHERE b.is_active AND b.member_id = p.member_id AND b.day < p.day) before
    WHERE p.is_active)"""
ONE_KIND = "(SELECT count(*) FROM kinds k WHERE k.day = d AND k.kind = '{}')"
RETURN = "(SELECT 100 * avg(k.returned::int) FROM kinds k WHERE k.day = d - 1 AND k.kind = '{}')"
LAST_SEEN = f"""seen AS (
    SELECT d, m.member_id, d - max(p.day) AS away FROM {DAYS}, community.members m
    JOIN community.daily_points p ON p.is_active AND p.member_id = m.member_id WHERE p.day <= d GROUP BY 1, 2)"""
FIRSTS = """firsts AS (SELECT p.member_id, date_trunc('week', min(p.day))::date AS week
    FROM community.daily_points p WHERE p.is_active GROUP BY 1)"""
MONDAYS = f"generate_series(DATE '{FIRST}', DATE '{LAST}', '7 days') t(at), LATERAL (SELECT at::date AS w) x"
PLAYED = """played AS (SELECT user_id, started_at::date AS day, 0 AS xp FROM quiz.quiz_sessions
    UNION ALL SELECT user_id, earned_at::date, amount FROM quiz.xp_events)"""
BOUNDS = "(0), (1), (2), (5), (10), (20), (50), (100), (200), (500), (1000), (2000), (5000)"
SETTLED = "b.status IN ('won', 'lost', 'push')"
WEEK_OF = "date_trunc('week', b.settled_at)::date"
PLACED = "b.status <> 'cancelled' AND b.created_at::date"
AWARDED = """awarded AS (SELECT coalesce(t.title, b.badge) AS title, operations.shown_name(u.username) AS name, b.user_id
    FROM betting.user_badges b JOIN betting.users u ON u.id = b.user_id LEFT JOIN betting.badges t USING (badge)
    WHERE b.lost_at IS NULL)"""


def bettors(days: int) -> str:
    return (
        "(SELECT count(DISTINCT b.user_id) FROM betting.bets b "
        f"WHERE {PLACED} > d - {days} AND {PLACED} <= d)"
    )


def buckets(bounds: list[tuple[str, int, int]]) -> str:
    return ", ".join(f"('{name}', {low}, {high})" for name, low, high in bounds)


LAPSED = [
    ("14–29", 14, 29),
    ("30–59", 30, 59),
    ("60–89", 60, 89),
    ("90–179", 90, 179),
    ("180+", 180, 9999),
]
STREAKS = [
    ("1–2", 1, 2), ("3–5", 3, 5), ("6–10", 6, 10), ("11–20", 11, 20), ("21–40", 21, 40),
    ("41–65", 41, 65), ("66–130", 66, 130), ("131+", 131, 9999),
]  # fmt: skip

QUERIES = {
    "community-active-members": f"""SELECT d, {COUNT_ACTIVE} = d), {COUNT_ACTIVE} BETWEEN d - 6 AND d),
        {COUNT_ACTIVE} BETWEEN d - 29 AND d) FROM {DAYS}""",
    "community-stickiness": f"""SELECT d, 100.0 * {COUNT_ACTIVE} = d) / nullif({COUNT_ACTIVE} BETWEEN d - 29 AND d), 0)
        FROM {DAYS}""",
    "community-growth": f"""WITH {KINDS} SELECT d, {ONE_KIND.format("current")}, {ONE_KIND.format("new")},
        {ONE_KIND.format("reactivated")}, {ONE_KIND.format("resurrected")} FROM {DAYS}""",
    "community-return-rates": f"""WITH {KINDS} SELECT d, {RETURN.format("current")}, {RETURN.format("new")},
        {RETURN.format("reactivated")}, {RETURN.format("resurrected")} FROM {DAYS}""",
    "community-inactive-members": f"""WITH {LAST_SEEN} SELECT d, count(s.away) FILTER (WHERE away BETWEEN 1 AND 6),
        count(s.away) FILTER (WHERE away BETWEEN 7 AND 29), count(s.away) FILTER (WHERE away >= 30)
        FROM {DAYS} LEFT JOIN seen s USING (d) GROUP BY d""",
    "community-new-members": f"""WITH {FIRSTS} SELECT w, (SELECT count(*) FROM firsts f WHERE f.week = w) FROM {MONDAYS}""",
    "community-retention": f"""WITH {FIRSTS} SELECT f.week, (w - f.week) / 7, 100.0 * r.active / r.members, r.active, r.members
        FROM (SELECT DISTINCT week FROM firsts) f, {MONDAYS}, LATERAL (
            SELECT count(*) AS members, count(*) FILTER (WHERE EXISTS (
                SELECT 1 FROM {ACTIVE} AND p.member_id = o.member_id AND p.day BETWEEN w AND w + 6)) AS active
            FROM firsts o WHERE o.week = f.week) r
        WHERE w >= f.week AND f.week > DATE '{LAST}' - 84 AND (w - f.week) / 7 < 12""",
    "community-lapsed-members": f"""WITH {LAST_SEEN} SELECT b.name, count(s.away), coalesce(sum((
            SELECT sum(l.points) FROM community.point_ledger l JOIN community.accounts a USING (account_id)
            WHERE a.member_id = s.member_id)), 0)
        FROM (VALUES {buckets(LAPSED)}) b (name, low, high)
        LEFT JOIN seen s ON s.d = DATE '{LAST}' AND s.away BETWEEN b.low AND b.high GROUP BY 1""",
    "community-streaks": f"""SELECT b.name, count(m.member_id) FROM (VALUES {buckets(STREAKS)}) b (name, low, high)
        LEFT JOIN community.daily_streaks s ON s.day = DATE '{LAST}' AND s.current_streak BETWEEN b.low AND b.high
        LEFT JOIN community.members m ON m.member_id = s.member_id AND m.subscription_status IN ('ACTIVE', 'TRIALING')
        GROUP BY 1""",
    "community-streak-survival": f"""WITH begun AS (
            SELECT s.current_streak AS length, count(*) AS reached FROM community.daily_streaks s
            WHERE s.current_streak > 0 AND NOT EXISTS (SELECT 1 FROM community.daily_streaks b
                WHERE b.member_id = s.member_id AND b.day = s.day - 1 AND b.current_streak = s.current_streak)
            GROUP BY 1)
        SELECT length, 100.0 * coalesce((SELECT n.reached FROM begun n WHERE n.length = b.length + 1), 0) / nullif(
            reached - (SELECT count(*) FROM community.daily_streaks s
                WHERE s.day = DATE '{LAST}' AND s.current_streak = b.length), 0), reached FROM begun b WHERE length <= 60""",
    "community-points-by-source": """SELECT date_trunc('week', l.effective_on)::date, l.action, sum(l.points), count(*)
        FROM community.point_ledger l GROUP BY 1, 2""",
    "community-concentration": """WITH sums AS (
            SELECT date_trunc('week', day)::date AS week, member_id, sum(points) AS points FROM community.daily_points
            GROUP BY 1, 2 HAVING sum(points) > 0),
        placed AS (SELECT *, row_number() OVER (PARTITION BY week ORDER BY points DESC) AS place,
            count(*) OVER (PARTITION BY week) AS members FROM sums)
        SELECT week, 100.0 * sum(points) FILTER (WHERE place <= ceil(members * 0.01)) / sum(points),
            100.0 * sum(points) FILTER (WHERE place <= ceil(members * 0.1)) / sum(points), count(*), sum(points)
        FROM placed GROUP BY week""",
    "community-top-gainers": f"""SELECT operations.shown_name(m.discord_username), sum(p.points)
        FROM community.daily_points p JOIN community.members m USING (member_id)
        JOIN community.leaderboard_rankings r ON r.member_id = p.member_id AND r.board = 'weekly' AND r.day = DATE '{LAST}'
        WHERE p.day BETWEEN date_trunc('week', DATE '{LAST}')::date AND DATE '{LAST}'
            AND m.leaderboard_visible AND m.subscription_status IN ('ACTIVE', 'TRIALING')
        GROUP BY m.member_id, m.discord_username, r.rank HAVING sum(p.points) > 0 ORDER BY r.rank LIMIT 10""",
    "community-readings": f"""WITH read AS (SELECT (synced_at - interval '1 microsecond')::date AS d, status, requests
            FROM community.mee6_syncs)
        SELECT d, count(r.d) FILTER (WHERE status = 'accepted'), count(r.d) FILTER (WHERE status = 'quarantined'),
            count(r.d) FILTER (WHERE status = 'failed'), coalesce(sum(requests), 0)
        FROM {DAYS} LEFT JOIN read r USING (d) WHERE d > DATE '{LAST}' - 30 GROUP BY d""",
    "community-reading-gaps": f"""WITH accepted AS (SELECT synced_at AS at FROM community.mee6_syncs WHERE status = 'accepted'),
        ends AS (SELECT min(synced_at) AS first, max(synced_at) AS last FROM community.mee6_syncs),
        begins AS (SELECT d, s.at, least((d + 1)::timestamptz, e.last) AS until FROM {DAYS}, ends e, LATERAL (
            SELECT a.at FROM accepted a WHERE a.at > d AND a.at <= d + 1
            UNION SELECT greatest(d::timestamptz, e.first)) s WHERE e.first IS NOT NULL),
        stretches AS (SELECT d, extract(EPOCH FROM coalesce(
                (SELECT min(a.at) FROM accepted a WHERE a.at > b.at AND a.at <= b.until), b.until) - b.at) / 60 AS minutes
            FROM begins b)
        SELECT d, max(minutes), count(*) FILTER (WHERE minutes > 30) FROM stretches
        WHERE d > DATE '{LAST}' - 30 GROUP BY d""",
    "quiz-active-players": f"""WITH {PLAYED} SELECT d,
        (SELECT count(DISTINCT user_id) FROM played p WHERE p.day = d),
        (SELECT count(DISTINCT user_id) FROM played p WHERE p.day BETWEEN d - 6 AND d),
        (SELECT count(DISTINCT user_id) FROM played p WHERE p.day BETWEEN d - 29 AND d)
        FROM {DAYS} WHERE d BETWEEN (SELECT min(day) FROM played) AND (SELECT max(day) FROM played)""",
    "quiz-sessions": f"""SELECT started_at::date, count(*) FILTER (WHERE status = 'completed'),
        count(*) FILTER (WHERE status IN ('abandoned', 'expired')), count(*) FILTER (WHERE status = 'active')
        FROM quiz.quiz_sessions WHERE started_at >= DATE '{LAST}' - 29 GROUP BY 1""",
    "quiz-completion": f"""SELECT extract(HOUR FROM started_at), 100 * avg((status = 'completed')::int) FILTER
        (WHERE status <> 'active'), count(*) FROM quiz.quiz_sessions WHERE started_at >= DATE '{LAST}' - 29 GROUP BY 1""",
    "quiz-life-waits": """SELECT regenerated_at::date, percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_minutes),
        percentile_cont(0.9) WITHIN GROUP (ORDER BY waited_minutes), sum(lives_added), count(DISTINCT user_id)
        FROM quiz.life_regenerations GROUP BY 1""",
    "quiz-streak-outcomes": f"""SELECT day, kept_count, protected_count, broken_count FROM quiz.evaluated_days
        WHERE day > DATE '{LAST}' - 30""",
    "quiz-xp": f"""SELECT CASE WHEN low + 1 = high THEN low::text ELSE low || '–' || high - 1 END, count(*)
        FROM (SELECT low, lead(low) OVER (ORDER BY low) AS high FROM (VALUES {BOUNDS}) v (low)) b
        JOIN quiz.player_progress p ON p.xp >= low AND p.xp < high GROUP BY low, high""",
    "betting-active-bettors": f"""SELECT d, {bettors(1)}, {bettors(7)}, {bettors(30)} FROM {DAYS}
        WHERE d BETWEEN (SELECT min(b.created_at)::date FROM betting.bets b WHERE b.status <> 'cancelled')
            AND (SELECT max(b.created_at)::date FROM betting.bets b WHERE b.status <> 'cancelled')""",
    "betting-wagered": f"""SELECT {WEEK_OF}, sum(stake) / 100, sum(payout) / 100, count(*)
        FROM betting.bets b WHERE {SETTLED} GROUP BY 1""",
    "betting-hold": f"""SELECT {WEEK_OF}, 100 * (sum(stake) - sum(payout)) / sum(stake)
        FROM betting.bets b WHERE {SETTLED} GROUP BY 1""",
    "betting-bets-by-type": f"""SELECT {WEEK_OF}, bet_type, count(*), count(*) FILTER (WHERE status = 'won'),
        count(*) FILTER (WHERE status = 'lost'), count(*) FILTER (WHERE status = 'push')
        FROM betting.bets b WHERE {SETTLED} GROUP BY 1, 2""",
    "betting-returns": f"""SELECT bet_type, 100 * sum(payout - stake) / sum(stake), count(*), sum(stake) / 100,
        sum(payout - stake) / 100 FROM betting.bets b WHERE {SETTLED} GROUP BY 1""",
    "betting-exposure": """SELECT b.game_id, sum(b.stake + b.potential_win) / 100, sum(b.stake) / 100, count(*),
        to_char(min(g.commence_time), 'YYYY-MM-DD HH24:MI')
        FROM betting.bets b JOIN betting.games g ON g.id = b.game_id WHERE b.status = 'pending'
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10""",
    "betting-badges": f"""WITH {AWARDED} SELECT title, count(*), array_to_string(ARRAY(
        SELECT n.name FROM awarded n WHERE n.title = a.title ORDER BY n.name, n.user_id LIMIT 5), ', ')
        FROM awarded a GROUP BY 1""",
    "betting-settlement-latency": f"""WITH waits AS (
            SELECT s.settled_at::date AS d, extract(EPOCH FROM s.settled_at - g.completed_at)::float8 / 60 AS minutes
            FROM betting.game_settlements s JOIN betting.games g ON g.id = s.game_id)
        SELECT d, percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes), percentile_cont(0.9) WITHIN GROUP (ORDER BY minutes),
            max(minutes), count(*) FROM waits WHERE d > DATE '{LAST}' - 30 GROUP BY d""",
    "operations-job-runs": f"""SELECT executed_at::date, count(*) FILTER (WHERE state <> 'failed'),
        count(*) FILTER (WHERE state = 'failed') FROM operations.job_executions
        WHERE executed_at >= DATE '{LAST}' - 29 AND executed_at < DATE '{LAST}' + 1 GROUP BY 1""",
    "operations-slow-jobs": f"""SELECT e.job_name, percentile_cont(0.5) WITHIN GROUP (ORDER BY e.duration_ms) / 1000, count(*),
        e.executed_at::date FROM operations.job_executions e
        WHERE e.executed_at::date = (SELECT max(l.executed_at)::date FROM operations.job_executions l
                WHERE l.job_name = e.job_name AND l.executed_at < DATE '{LAST}' + 1)
            AND e.executed_at >= DATE '{LAST}' - 6
        GROUP BY e.job_name, e.executed_at::date ORDER BY 2 DESC LIMIT 10""",
}
