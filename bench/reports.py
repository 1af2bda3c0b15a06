"""The page of the day over a year of 100,000 members, and the slowest of its statements."""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.community import run_job
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from trc_pipelines.betting.jobs import BETTING_TOTALS
from trc_pipelines.database.connection import Database
from trc_pipelines.quiz.jobs import QUIZ_TOTALS
from trc_pipelines.reports.declarations import values_for
from trc_pipelines.reports.engagement import OPERATIONS
from trc_pipelines_tests.catalogue import CATALOGUE

AIM_SECONDS = 5.0
AS_OF = datetime(2026, 3, 4, 12, tzinfo=UTC)
# A fifth is active on a day. What the views are made of is written as the jobs leave it.
YEAR = """
INSERT INTO community.members (member_id, discord_id, discord_username, subscription_status)
SELECT 'm' || n, n, 'name ' || n, 'ACTIVE' FROM generate_series(1, {size}) AS n;
INSERT INTO community.accounts (account_id, member_id) OVERRIDING SYSTEM VALUE SELECT n, 'm' || n FROM generate_series(1, {size}) AS n;
INSERT INTO community.member_points SELECT 'm' || n, n, n, now() FROM generate_series(1, {size}) AS n;
INSERT INTO community.days (day, streaks_at, is_streaks_stale)
SELECT d::date, d, FALSE FROM generate_series(DATE '2026-03-04' - 364, DATE '2026-03-04', '1 day') AS d;
INSERT INTO community.daily_points
SELECT 'm' || n, d.day, 5, 0, 0, 5, 500, TRUE, d.day FROM community.days AS d
CROSS JOIN generate_series(1, {size}, 5) AS s (first)
CROSS JOIN LATERAL (SELECT s.first + (d.day - DATE '2020-01-01') % 5) AS m (n) ORDER BY d.day;
INSERT INTO community.daily_streaks
SELECT 'm' || n, d.day, TRUE, 1 + n % 60, 60 + n % 200, d.day FROM community.days AS d
CROSS JOIN generate_series(1, {size}, 5) AS n WHERE d.day > DATE '2026-03-04' - 90;
INSERT INTO community.ranking_pages
SELECT d.day, b.board, min(n), CASE b.board WHEN 'global' THEN NULL ELSE date_trunc('week', d.day)::date END,
    array_agg(n::bigint ORDER BY n), array_agg(({size} - n)::bigint ORDER BY n), array_agg(d.day::timestamptz ORDER BY n)
FROM community.days AS d CROSS JOIN (VALUES ('global'), ('weekly'), ('monthly')) AS b (board)
CROSS JOIN generate_series(1, {size}) AS n WHERE d.day > DATE '2026-03-04' - 3
GROUP BY d.day, b.board, (n - 1) / 1000;
INSERT INTO community.member_activity
SELECT 'm' || n, DATE '2025-03-05' + n % 300, DATE '2025-12-30' + n % 65 FROM generate_series(1, {size}) AS n;
INSERT INTO community.daily_growth
SELECT d.day, {size} / 5, {size} / 2, {size}, 50, {size} / 5 - 50, 0, 0, 20, {size} / 10, 0, 0, 1000000, 100000 FROM community.days AS d;
INSERT INTO community.weekly_cohorts
SELECT c.week, w.week, 1 + {size} / 60 FROM (SELECT DISTINCT date_trunc('week', day)::date AS week FROM community.days) AS c
JOIN (SELECT DISTINCT date_trunc('week', day)::date AS week FROM community.days) AS w ON c.week <= w.week;
INSERT INTO community.weekly_concentration
SELECT DISTINCT date_trunc('week', day)::date, {size}, 1000000, 100000, 400000 FROM community.days;
INSERT INTO community.daily_sources
SELECT d.day, a.action, 1000, 5000 FROM community.days AS d CROSS JOIN community.point_actions AS a;
INSERT INTO community.streak_lengths SELECT d.day, l, 10, 10 FROM community.days AS d CROSS JOIN generate_series(1, 200) AS l;
INSERT INTO community.mee6_syncs (sync_id, synced_at, guild_id, status, started_at, finished_at, run_id, deltas_at, posted_at)
SELECT extract(EPOCH FROM t), t, 1, 'accepted', t, t, 'r', t, t
FROM generate_series(TIMESTAMPTZ '2025-03-05Z', TIMESTAMPTZ '2026-03-04 12:00Z', '15 minutes') AS t;
INSERT INTO quiz.users (id) SELECT 'u' || n FROM generate_series(1, {size}) AS n;
INSERT INTO quiz.player_progress (user_id, xp) SELECT 'u' || n, n % 5000 FROM generate_series(1, {size}) AS n;
INSERT INTO quiz.quiz_sessions (id, user_id, status, started_at)
SELECT n || 's', 'u' || n % {size}, 'completed', TIMESTAMPTZ '2026-03-04Z' - n % 365 * interval '1 day' FROM generate_series(1, {size} * 10) AS n;
INSERT INTO quiz.xp_events (id, user_id, amount, earned_at, source, session_id)
SELECT n || 'e', 'u' || n % {size}, 10, TIMESTAMPTZ '2026-03-04Z' - n % 365 * interval '1 day', 'quiz', n || 's' FROM generate_series(1, {size} * 10) AS n;
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, kept_count, run_id)
SELECT day, 10, 20, 500, 'r' FROM community.days;
INSERT INTO betting.users (id, username) SELECT 'b' || n, 'name ' || n FROM generate_series(1, {size}) AS n;
INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, completed_at)
SELECT 'g' || n, 's', 'h', 'a', t, 'completed', t + interval '2 hours' FROM generate_series(1, 5000) AS n
CROSS JOIN LATERAL (SELECT TIMESTAMPTZ '2026-03-04Z' - n % 365 * interval '1 day' AS t) AS x;
INSERT INTO betting.bets (id, user_id, game_id, bet_type, stake, odds, status, payout, net, created_at, settled_at)
SELECT n, 'b' || n % {size}, 'g' || n % 5000, (ARRAY['spread', 'total', 'moneyline'])[1 + n % 3], 100, -110, 'lost', 0, -100, t, t
FROM generate_series(1, {size} * 10) AS n CROSS JOIN LATERAL (SELECT TIMESTAMPTZ '2026-03-04Z' - n % 365 * interval '1 day' AS t) AS x;
INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_at, executed_by)
SELECT 'mee6_sync', n, t, 'succeeded', TRUE, 'm', 1, 900, '{{}}', t, 's' FROM generate_series(1, 30000) AS n
CROSS JOIN LATERAL (SELECT TIMESTAMPTZ '2026-03-04Z' - n * interval '90 seconds' AS t) AS x;
"""


def measure_report(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure the job that makes the page of a day."""
    with server.database() as url, tempfile.TemporaryDirectory(prefix="trc_bench_") as home:
        show_progress(f"a year of {size:,} members for the page of a day")
        for statement in filter(str.strip, YEAR.format(size=size).split(";\n")):
            execute(url, statement)
        execute(url, "ANALYZE")
        for job in (QUIZ_TOTALS, BETTING_TOTALS):  # as they did in the night
            run_job(url, job, AS_OF)
        execute(url, "VACUUM ANALYZE")

        def make_page() -> None:
            run_job(url, CATALOGUE.engagement, AS_OF, trc_home=home)

        costs = [server.cost_of(make_page) for _ in range(repetitions)]
        sections = [domain.section for domain in CATALOGUE.domains if domain.section]
        charts = [*[chart for section in sections for chart in section.charts], *OPERATIONS]
        took = {chart.statement: _seconds_of(url, chart.statement) for chart in charts}
    slowest = sorted(took, key=lambda name: -took[name])[:5]
    yield Figure(
        f"the page of a day, a year of {size:,} members",
        [cost.wall for cost in costs],
        "s",
        AIM_SECONDS,
        costs=costs,
        note="slowest: " + ", ".join(f"{name} {took[name]:.2f} s" for name in slowest),
    )


def _seconds_of(url: str, statement: str) -> float:
    began = time.perf_counter()
    with Database(url).snapshot() as transaction:
        transaction.read(statement, **values_for(statement, AS_OF.date()))
    return time.perf_counter() - began
