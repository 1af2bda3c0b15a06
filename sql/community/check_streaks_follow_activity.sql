-- Streaks that do not follow from the day before and the day's activity, though their day is not marked stale.
-- Those that were taken over at the cut-over stand.
WITH fresh AS (
    SELECT
        d.day,
        extract(ISODOW FROM d.day) < 6 AS is_weekday,
        d.is_sync_enabled IS FALSE
        OR EXISTS (
            SELECT 1 FROM operations.cut_overs AS c
            WHERE c.domain = 'community' AND (d.day + 1)::timestamp AT TIME ZONE 'UTC' <= c.cut_over_at
        )
        OR EXISTS (
            SELECT 1 FROM community.mee6_syncs AS s
            WHERE
                s.status = 'accepted'
                AND s.sync_id > extract(EPOCH FROM d.day::timestamp)::bigint + 82800
                AND s.sync_id <= extract(EPOCH FROM d.day::timestamp)::bigint + 86400
        ) AS is_observed
    FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL AND NOT d.is_streaks_stale AND NOT d.is_streaks_imported
),

facts AS (
    SELECT p.day, p.member_id, TRUE AS is_active, 0 AS before
    FROM community.daily_points AS p
    INNER JOIN fresh AS f ON p.day = f.day
    WHERE p.is_active
    UNION ALL
    SELECT f.day, s.member_id, FALSE, s.current_streak
    FROM community.daily_streaks AS s
    INNER JOIN fresh AS f ON s.day + 1 = f.day
    WHERE s.current_streak > 0
),

expected AS (
    SELECT
        e.day,
        e.member_id,
        bool_or(e.is_active) AS is_active,
        CASE
            WHEN f.is_weekday AND bool_or(e.is_active) THEN max(e.before) + 1
            WHEN f.is_weekday AND f.is_observed THEN 0
            ELSE max(e.before)
        END AS current_streak
    FROM facts AS e
    INNER JOIN fresh AS f ON e.day = f.day
    GROUP BY e.day, e.member_id, f.is_weekday, f.is_observed
),

stored AS (
    SELECT s.day, s.member_id, s.is_active, s.current_streak
    FROM community.daily_streaks AS s
    INNER JOIN fresh AS f ON s.day = f.day
)

SELECT
    coalesce(s.day, e.day) AS day,
    coalesce(s.member_id, e.member_id) AS member_id,
    s.current_streak,
    e.current_streak AS expected_streak
FROM stored AS s
FULL JOIN expected AS e ON s.day = e.day AND s.member_id = e.member_id
WHERE (s.is_active, s.current_streak) IS DISTINCT FROM (e.is_active, e.current_streak)
ORDER BY day, member_id
