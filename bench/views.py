"""What analysts ask of the views, over a year of a million: each question of docs/analysts.md."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from bench.community import run_job
from bench.measure import Figure, show_progress
from bench.server import Server, execute
from trc_pipelines.betting.jobs import BETTING_TOTALS
from trc_pipelines.database.migrations import create_engine
from trc_pipelines.quiz.jobs import QUIZ_TOTALS
from trc_pipelines.settings import PROJECT_ROOT

AIM_SECONDS = 1.0
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUESTION = re.compile(r"^`(\w+\.\w+)`: .+?\n\n```sql\n(.+?);\n```", re.MULTILINE | re.DOTALL)
# What tools for analysts show of a view first.
FIRST_ROWS = "SELECT * FROM {} LIMIT 1000"
LAST_DAY = "DATE '2026-03-04'"
DAYS = (
    f"(SELECT d::date FROM generate_series({LAST_DAY} - 364, {LAST_DAY}, '1 day') AS d) AS d (day)"
)
WEEKS = f"(SELECT DISTINCT date_trunc('week', day)::date FROM {DAYS}) AS {{}} (week)"
# Of the members half are gone, a tenth is active on a day. Of a player there are three sessions,
# of a bettor five bets. Figures that jobs count are written as they leave them, others by the job itself.
YEAR = f"""
INSERT INTO community.members (member_id, discord_id, discord_username, subscription_status)
SELECT md5('m' || n)::uuid, n, 'name ' || n, CASE WHEN n % 10 > 0 THEN 'ACTIVE' ELSE 'NONE' END FROM generate_series(1, {{size}}) AS n;
CREATE TEMP TABLE people AS SELECT md5('m' || n)::uuid::text AS member_id, n FROM generate_series(1, {{size}}) AS n;
INSERT INTO community.accounts (account_id, member_id) OVERRIDING SYSTEM VALUE SELECT n, member_id FROM people;
INSERT INTO community.member_points SELECT member_id, n, (n::bigint * 7919) % 100000, '2026-03-04Z' FROM people;
INSERT INTO community.days (day, streaks_at, is_streaks_stale) SELECT day, day, FALSE FROM {DAYS};
INSERT INTO community.daily_streaks
SELECT member_id, {LAST_DAY} - 14 - n % 350, TRUE, 1, 1 + n % 90, {LAST_DAY} - 14 - n % 350 FROM people WHERE n % 2 = 0;
INSERT INTO community.daily_streaks
SELECT member_id, day, TRUE, 1 + n % 60, 60 + n % 90, day FROM people
CROSS JOIN (SELECT day FROM {DAYS} WHERE day > {LAST_DAY} - 14) AS d WHERE n % 6 = 1;
INSERT INTO community.member_activity
SELECT member_id, {LAST_DAY} - 364, CASE WHEN n % 2 = 0 THEN {LAST_DAY} - 14 - n % 350 ELSE {LAST_DAY} - n % 14 END FROM people;
INSERT INTO community.ranking_pages
SELECT d.day, b.board, min(p.n), CASE b.board WHEN 'weekly' THEN date_trunc('week', d.day)::date WHEN 'monthly' THEN date_trunc('month', d.day)::date END,
    array_agg(p.n::bigint ORDER BY p.n), array_agg(({{size}} - p.n)::bigint ORDER BY p.n), array_agg(d.day::timestamptz ORDER BY p.n)
FROM {DAYS} CROSS JOIN (VALUES ('global', 1), ('weekly', 4), ('monthly', 2)) AS b (board, part)
CROSS JOIN LATERAL generate_series(1, CASE WHEN d.day > {LAST_DAY} - 3 THEN {{size}} / b.part WHEN b.board = 'weekly' THEN 1000 ELSE 1 END) AS r (rank)
INNER JOIN people AS p ON r.rank = p.n GROUP BY d.day, b.board, (p.n - 1) / 1000;
INSERT INTO community.daily_growth
SELECT day, {{size}} / 10, {{size}} / 5, {{size}} / 2, 100, {{size}} / 10 - 300, 100, 100, 50, {{size}} / 20, 10, 10, 1000000, 100000 FROM {DAYS};
INSERT INTO community.weekly_cohorts
SELECT c.week, w.week, 1000 FROM {WEEKS.format("c")} INNER JOIN {WEEKS.format("w")} ON c.week <= w.week;
INSERT INTO community.weekly_concentration SELECT week, {{size}} / 5, 1000000, 100000, 400000 FROM {WEEKS.format("w")};
INSERT INTO community.daily_sources SELECT d.day, a.action, 1000, 5000 FROM {DAYS} CROSS JOIN community.point_actions AS a;
INSERT INTO community.streak_lengths SELECT day, l, 10, 10 FROM {DAYS} CROSS JOIN generate_series(1, 250) AS l;
INSERT INTO community.mee6_syncs (sync_id, synced_at, guild_id, status, started_at, finished_at, run_id, deltas_at, posted_at)
SELECT extract(EPOCH FROM t), t, 1, 'accepted', t, t, 'r', t, t
FROM generate_series({LAST_DAY} - 364, TIMESTAMPTZ '2026-03-04 12:00Z', '15 minutes') AS t;
INSERT INTO quiz.users (id) SELECT md5('q' || n)::uuid FROM generate_series(1, {{size}}) AS n;
INSERT INTO quiz.player_progress (user_id, xp) SELECT md5('q' || n)::uuid, n % 5000 FROM generate_series(1, {{size}}) AS n;
INSERT INTO quiz.quiz_sessions (id, user_id, status, started_at)
SELECT 's' || n, md5('q' || 1 + (n::bigint * 7919) % {{size}})::uuid, CASE n % 4 WHEN 0 THEN 'abandoned' ELSE 'completed' END,
    '2026-03-04 12:00Z'::timestamptz - (3.0 * {{size}} - n) / (3 * {{size}}) * interval '364 days' FROM generate_series(1, {{size}} * 3) AS n;
INSERT INTO quiz.xp_events (id, user_id, amount, earned_at, source, session_id)
SELECT id, user_id, 10, started_at, 'quiz', id FROM quiz.quiz_sessions WHERE status = 'completed' ORDER BY started_at;
INSERT INTO quiz.life_regenerations (user_id, regenerated_at, lives_added, new_total, run_id, waited_minutes)
SELECT md5('q' || n)::uuid, '2026-03-04Z'::timestamptz - n % 1440 * interval '30 minutes', 1, 5, 'r', 30 + n % 20 FROM generate_series(1, {{size}} / 3) AS n;
INSERT INTO quiz.evaluated_days (day, protected_count, broken_count, kept_count, run_id) SELECT day, 10, 20, 500, 'r' FROM {DAYS};
INSERT INTO betting.users (id, username) SELECT md5('b' || n)::uuid, 'name ' || n FROM generate_series(1, {{size}}) AS n;
INSERT INTO betting.bankrolls (user_id) SELECT id FROM betting.users;
INSERT INTO betting.games (id, sport, home_team, away_team, commence_time, status, completed_at)
SELECT 'g' || n, 's', 'h', 'a', t, 'completed', t + interval '2 hours' FROM generate_series(0, 9999) AS n
CROSS JOIN LATERAL (SELECT '2026-03-05Z'::timestamptz - (10000 - n) * interval '50 minutes') AS x (t);
INSERT INTO betting.game_settlements
SELECT id, status, 1, 2, 100, 50, 50, 0, 0, 10000, 0, 0, completed_at + 25 * interval '1 minute', 'r' FROM betting.games;
INSERT INTO betting.bets (id, user_id, game_id, bet_type, stake, odds, status, payout, net, created_at, settled_at)
SELECT 'b' || n, md5('b' || 1 + (n::bigint * 7919) % ({{size}} / 5))::uuid, g.id, (ARRAY['spread', 'total', 'moneyline'])[1 + n % 3], 1000, -110,
    CASE WHEN n > {{size}} * 0.98 THEN 'pending' WHEN n % 2 = 0 THEN 'lost' ELSE 'won' END,
    CASE WHEN n > {{size}} * 0.98 THEN NULL WHEN n % 2 = 0 THEN 0 ELSE 1909 END,
    CASE WHEN n > {{size}} * 0.98 THEN NULL WHEN n % 2 = 0 THEN -1000 ELSE 909 END,
    g.commence_time - n % 600 * interval '1 minute', CASE WHEN n <= {{size}} * 0.98 THEN g.completed_at END
FROM generate_series(1, {{size}}) AS n INNER JOIN betting.games AS g ON g.id = 'g' || (n::bigint * 10000 - 1) / {{size}} ORDER BY n;
INSERT INTO betting.user_badges (user_id, badge, week_start, earned_at)
SELECT u.id, b.badge, w.week, w.week FROM (SELECT id FROM betting.users LIMIT 2000) AS u CROSS JOIN betting.badges AS b CROSS JOIN {WEEKS.format("w")};
INSERT INTO operations.job_executions (job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_at, executed_by)
SELECT 'job ' || n % 20, n, t, 'succeeded', TRUE, 'm', 1, 900, '{{{{}}}}', t, 's' FROM generate_series(1, 30000) AS n
CROSS JOIN LATERAL (SELECT '2026-03-04Z'::timestamptz - n * interval '90 seconds') AS x (t);
"""


def measure_views(server: Server, size: int, repetitions: int) -> Iterator[Figure]:
    """Measure each view: the question of the docs or its first rows, whichever takes longer."""
    documented = (PROJECT_ROOT / "docs" / "analysts.md").read_text()
    with server.database() as url:
        show_progress(f"a year of {size:,} members, players and bets")
        execute(url, *filter(str.strip, YEAR.format(size=size).split(";\n")), "ANALYZE")
        for job in (QUIZ_TOTALS, BETTING_TOTALS):
            show_progress(job.description)
            run_job(url, job, NOON)
        execute(url, "VACUUM ANALYZE", "CHECKPOINT")
        engine = create_engine(url)
        with engine.connect() as connection:
            for view, question in QUESTION.findall(documented):
                asked = question.replace("now()", f"'{NOON}'::timestamptz")
                seconds = [
                    max(_seconds_of(connection, q) for q in (asked, FIRST_ROWS.format(view)))
                    for _ in range(repetitions)
                ]
                yield Figure(f"{view}, a year of {size:,}", seconds, "s", AIM_SECONDS)
        engine.dispose()


def _seconds_of(connection: sa.Connection, query: str) -> float:
    began = time.perf_counter()
    connection.exec_driver_sql(query, execution_options={"no_parameters": True}).all()
    return time.perf_counter() - began
