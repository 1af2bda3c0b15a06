-- What people ask of the quiz, over the app's own tables and what the jobs keep.

CREATE OR REPLACE VIEW quiz.session_outcomes AS
WITH counted AS (
    SELECT h.day, h.hour, h.sessions, h.completed, h.abandoned FROM quiz.hourly_sessions AS h
    UNION ALL
    SELECT
        (s.started_at AT TIME ZONE 'UTC')::date,
        extract(HOUR FROM s.started_at AT TIME ZONE 'UTC')::bigint,
        count(*),
        count(*) FILTER (WHERE s.status = 'completed'),
        count(*) FILTER (WHERE s.status IN ('abandoned', 'expired'))
    FROM quiz.quiz_sessions AS s
    WHERE
        s.started_at >= (
            SELECT coalesce(max(t.day) + 1, '-infinity')::timestamp AT TIME ZONE 'UTC' FROM quiz.daily_totals AS t
        )
    GROUP BY (s.started_at AT TIME ZONE 'UTC')::date, extract(HOUR FROM s.started_at AT TIME ZONE 'UTC')
)

SELECT
    c.day,
    c.hour,
    NULL::text AS category,
    c.sessions,
    c.completed,
    c.abandoned,
    c.completed::double precision / nullif(c.completed + c.abandoned, 0) AS completion_rate
FROM counted AS c;
COMMENT ON VIEW quiz.session_outcomes IS 'One row per UTC day and hour in which sessions began: what became of them. The past is counted every night, the last two days as they stand.';
COMMENT ON COLUMN quiz.session_outcomes.day IS 'UTC day on which they began.';
COMMENT ON COLUMN quiz.session_outcomes.hour IS 'Hour, 0 to 23.';
COMMENT ON COLUMN quiz.session_outcomes.category IS 'Always NULL: no relation that an app has to have names one.';
COMMENT ON COLUMN quiz.session_outcomes.sessions IS 'Sessions that began, those still open included.';
COMMENT ON COLUMN quiz.session_outcomes.completed IS 'Played to the end.';
COMMENT ON COLUMN quiz.session_outcomes.abandoned IS 'Left by the player, or expired.';
COMMENT ON COLUMN quiz.session_outcomes.completion_rate IS 'completed of those that ended; NULL while none has.';

CREATE OR REPLACE VIEW quiz.life_waits AS
SELECT
    (r.regenerated_at AT TIME ZONE 'UTC')::date AS day,
    count(DISTINCT r.user_id) AS players,
    sum(r.lives_added)::bigint AS lives_given,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY r.waited_minutes) AS median_minutes,
    percentile_cont(0.9) WITHIN GROUP (ORDER BY r.waited_minutes) AS p90_minutes
FROM quiz.life_regenerations AS r
GROUP BY (r.regenerated_at AT TIME ZONE 'UTC')::date;
COMMENT ON VIEW quiz.life_waits IS 'One row per UTC day on which lives came back: how long players waited for one, as far back as history is kept.';
COMMENT ON COLUMN quiz.life_waits.day IS 'UTC day.';
COMMENT ON COLUMN quiz.life_waits.players IS 'Players who got lives.';
COMMENT ON COLUMN quiz.life_waits.lives_given IS 'Lives they got.';
COMMENT ON COLUMN quiz.life_waits.median_minutes IS 'Median of the wait for a life, in minutes since its half hour began.';
COMMENT ON COLUMN quiz.life_waits.p90_minutes IS 'Nine of ten waited no longer.';

CREATE OR REPLACE VIEW quiz.streak_outcomes AS
SELECT
    e.day,
    e.kept_count::bigint AS kept,
    e.protected_count::bigint AS protected,
    e.broken_count::bigint AS broken
FROM quiz.evaluated_days AS e;
COMMENT ON VIEW quiz.streak_outcomes IS 'One row per UTC day that was judged: what became of the streaks that stood.';
COMMENT ON COLUMN quiz.streak_outcomes.day IS 'UTC day, judged as it began.';
COMMENT ON COLUMN quiz.streak_outcomes.kept IS 'Streaks that went on without a pause of more than 48 hours.';
COMMENT ON COLUMN quiz.streak_outcomes.protected IS 'Streaks that a protection saved.';
COMMENT ON COLUMN quiz.streak_outcomes.broken IS 'Streaks that broke.';

CREATE OR REPLACE VIEW quiz.xp_distribution AS
WITH bounds AS (
    SELECT array_agg((b.step * 10 ^ b.tens)::bigint ORDER BY b.tens, b.step) AS froms
    FROM (
        SELECT t.tens, s.step FROM generate_series(0, 17) AS t (tens)
        CROSS JOIN (VALUES (1), (2), (5)) AS s (step)
    ) AS b
),

-- First by XP, without the bounds: several processes may share that.
by_xp AS (
    SELECT greatest(p.xp, 0) AS xp, count(*) AS players
    FROM quiz.player_progress AS p
    INNER JOIN quiz.users AS u ON p.user_id = u.id AND u.deleted_at IS NULL
    GROUP BY greatest(p.xp, 0)
),

players AS (
    SELECT width_bucket(x.xp, b.froms) AS bucket, sum(x.players)::bigint AS players
    FROM by_xp AS x
    CROSS JOIN bounds AS b
    GROUP BY width_bucket(x.xp, b.froms)
)

SELECT
    coalesce(b.froms[p.bucket], 0) AS xp_from,
    b.froms[p.bucket + 1] - 1 AS xp_to,
    p.players
FROM players AS p
CROSS JOIN bounds AS b;
COMMENT ON VIEW quiz.xp_distribution IS 'One row per range of XP that somebody is in: 0, 1, 2 to 4, 5 to 9, 10 to 19 …: how many players have so much. Who left is not counted.';
COMMENT ON COLUMN quiz.xp_distribution.xp_from IS 'Least XP of the range.';
COMMENT ON COLUMN quiz.xp_distribution.xp_to IS 'Most XP of it.';
COMMENT ON COLUMN quiz.xp_distribution.players IS 'Players.';

CREATE OR REPLACE VIEW quiz.daily_activity AS
WITH since AS (
    SELECT coalesce(max(t.day) + 1, '-infinity') AS day FROM quiz.daily_totals AS t
),

facts AS (
    SELECT s.user_id, (s.started_at AT TIME ZONE 'UTC')::date AS day, 0::bigint AS xp FROM quiz.quiz_sessions AS s
    WHERE s.started_at >= (SELECT (n.day - 29)::timestamp AT TIME ZONE 'UTC' FROM since AS n)
    UNION ALL
    SELECT e.user_id, (e.earned_at AT TIME ZONE 'UTC')::date, e.amount FROM quiz.xp_events AS e
    WHERE e.earned_at >= (SELECT (n.day - 29)::timestamp AT TIME ZONE 'UTC' FROM since AS n)
),

seen AS (
    SELECT f.user_id, f.day, sum(f.xp) AS xp, lead(f.day) OVER (PARTITION BY f.user_id ORDER BY f.day) AS next_day
    FROM facts AS f
    GROUP BY f.user_id, f.day
),

days AS (
    SELECT g.day::date AS day
    FROM (
        SELECT least(min(s.day), (SELECT nullif(n.day, '-infinity') FROM since AS n)) AS first_day, max(s.day) AS last_day
        FROM seen AS s
    ) AS b
    CROSS JOIN LATERAL generate_series(b.first_day::timestamp, b.last_day::timestamp, interval '1 day') AS g (day)
),

-- A player counts from a day of activity on, until the next one or until the window is over.
changes AS (
    SELECT s.day, count(*) AS active, sum(s.xp) AS xp, count(*) AS weekly, count(*) AS monthly FROM seen AS s
    GROUP BY s.day
    UNION ALL
    SELECT least(s.day + 7, s.next_day), 0, 0, -count(*), 0 FROM seen AS s
    GROUP BY least(s.day + 7, s.next_day)
    UNION ALL
    SELECT least(s.day + 30, s.next_day), 0, 0, 0, -count(*) FROM seen AS s
    GROUP BY least(s.day + 30, s.next_day)
),

counted AS (
    SELECT
        d.day,
        coalesce(sum(c.active), 0)::bigint AS active_players,
        (sum(coalesce(sum(c.weekly), 0)) OVER (ORDER BY d.day))::bigint AS weekly_active_players,
        (sum(coalesce(sum(c.monthly), 0)) OVER (ORDER BY d.day))::bigint AS monthly_active_players,
        coalesce(sum(c.xp), 0)::bigint AS xp
    FROM days AS d
    LEFT JOIN changes AS c ON d.day = c.day
    GROUP BY d.day
),

every AS (
    SELECT t.day, t.active_players, t.weekly_active_players, t.monthly_active_players, t.xp FROM quiz.daily_totals AS t
    UNION ALL
    SELECT c.day, c.active_players, c.weekly_active_players, c.monthly_active_players, c.xp FROM counted AS c
    WHERE c.day >= (SELECT n.day FROM since AS n)
)

SELECT
    e.day,
    e.active_players,
    e.weekly_active_players,
    e.monthly_active_players,
    e.active_players::double precision / nullif(e.monthly_active_players, 0) AS stickiness,
    e.xp
FROM every AS e;
COMMENT ON VIEW quiz.daily_activity IS 'One row per UTC day from the first activity on: players who began a session or gained XP. The past is counted every night, the last two days as they stand.';
COMMENT ON COLUMN quiz.daily_activity.day IS 'UTC day.';
COMMENT ON COLUMN quiz.daily_activity.active_players IS 'Players active on the day (DAU).';
COMMENT ON COLUMN quiz.daily_activity.weekly_active_players IS 'On at least one of the 7 days to it (WAU).';
COMMENT ON COLUMN quiz.daily_activity.monthly_active_players IS 'On at least one of the 30 days to it (MAU).';
COMMENT ON COLUMN quiz.daily_activity.stickiness IS 'DAU / MAU, from 0 to 1.';
COMMENT ON COLUMN quiz.daily_activity.xp IS 'XP earned on the day.';
