-- Who was active on the days from :first_day to :last_day, and in a week and a month of days to each.
WITH facts AS (
    SELECT s.user_id, (s.started_at AT TIME ZONE 'UTC')::date AS day, 0::bigint AS xp FROM quiz.quiz_sessions AS s
    WHERE
        s.started_at >= (:first_day::date - 29)::timestamp AT TIME ZONE 'UTC'
        AND s.started_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
    UNION ALL
    SELECT e.user_id, (e.earned_at AT TIME ZONE 'UTC')::date, e.amount FROM quiz.xp_events AS e
    WHERE
        e.earned_at >= (:first_day::date - 29)::timestamp AT TIME ZONE 'UTC'
        AND e.earned_at < (:last_day::date + 1)::timestamp AT TIME ZONE 'UTC'
),

seen AS (
    SELECT f.user_id, f.day, sum(f.xp) AS xp, lead(f.day) OVER (PARTITION BY f.user_id ORDER BY f.day) AS next_day
    FROM facts AS f
    GROUP BY f.user_id, f.day
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
        d.day::date AS day,
        coalesce(sum(c.active), 0)::bigint AS active_players,
        (sum(coalesce(sum(c.weekly), 0)) OVER (ORDER BY d.day))::bigint AS weekly_active_players,
        (sum(coalesce(sum(c.monthly), 0)) OVER (ORDER BY d.day))::bigint AS monthly_active_players,
        coalesce(sum(c.xp), 0)::bigint AS xp
    FROM generate_series(:first_day::timestamp - interval '29 days', :last_day::timestamp, interval '1 day') AS d (day)
    LEFT JOIN changes AS c ON d.day = c.day
    GROUP BY d.day
)

INSERT INTO quiz.daily_totals (day, active_players, weekly_active_players, monthly_active_players, xp)
SELECT c.day, c.active_players, c.weekly_active_players, c.monthly_active_players, c.xp
FROM counted AS c
WHERE c.day >= :first_day::date
