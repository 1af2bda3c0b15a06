-- Who played: players a day, in the 7 and in the 30 days that end with it. The last 90 days, and what a month reaches back: the view of the same figures counts from the first day on, for seconds.
WITH seen AS (
    SELECT f.user_id, f.day, lead(f.day) OVER (PARTITION BY f.user_id ORDER BY f.day) AS next_day
    FROM (
        SELECT s.user_id, (s.started_at AT TIME ZONE 'UTC')::date AS day FROM quiz.quiz_sessions AS s
        WHERE s.started_at >= (:day::date - 119)::timestamp AT TIME ZONE 'UTC' AND s.started_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
        UNION
        SELECT e.user_id, (e.earned_at AT TIME ZONE 'UTC')::date FROM quiz.xp_events AS e
        WHERE e.earned_at >= (:day::date - 119)::timestamp AT TIME ZONE 'UTC' AND e.earned_at < (:day::date + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS f
),

-- Somebody counts from a day of activity on, until the next one or until the window is over.
changes AS (
    SELECT s.day, count(*) AS active, count(*) AS weekly, count(*) AS monthly
    FROM seen AS s
    GROUP BY s.day
    UNION ALL
    SELECT least(s.day + 7, s.next_day), 0, -count(*), 0
    FROM seen AS s
    GROUP BY least(s.day + 7, s.next_day)
    UNION ALL
    SELECT least(s.day + 30, s.next_day), 0, 0, -count(*)
    FROM seen AS s
    GROUP BY least(s.day + 30, s.next_day)
),

counted AS (
    SELECT
        d.day::date AS day,
        coalesce(sum(c.active), 0)::bigint AS active_players,
        (sum(coalesce(sum(c.weekly), 0)) OVER (ORDER BY d.day))::bigint AS weekly_active_players,
        (sum(coalesce(sum(c.monthly), 0)) OVER (ORDER BY d.day))::bigint AS monthly_active_players
    FROM (SELECT min(s.day) AS first_day, max(s.day) AS last_day FROM seen AS s) AS r
    CROSS JOIN LATERAL generate_series(r.first_day::timestamp, r.last_day::timestamp, interval '1 day') AS d (day)
    LEFT JOIN changes AS c ON d.day = c.day
    GROUP BY d.day
)

SELECT c.day, c.active_players, c.weekly_active_players, c.monthly_active_players
FROM counted AS c
WHERE c.day > :day::date - 90
ORDER BY c.day
