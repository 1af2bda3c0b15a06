-- What stood before day :first_day for everyone active up to day :last_day or with a streak standing. Who has
-- no row of the day before has a streak of 0 since the latest row that says so.
WITH active AS (
    SELECT DISTINCT p.member_id FROM community.daily_points AS p
    WHERE p.day BETWEEN :first_day::date AND :last_day::date AND p.is_active
),

yesterday AS (
    SELECT s.member_id, s.current_streak, s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.day = :first_day::date - 1
)

SELECT
    coalesce(a.member_id, y.member_id) AS member_id,
    y.current_streak,
    coalesce(y.longest_streak, l.longest_streak) AS longest_streak,
    coalesce(y.last_active_on, l.last_active_on) AS last_active_on
FROM active AS a
FULL JOIN yesterday AS y ON a.member_id = y.member_id
LEFT JOIN LATERAL (
    SELECT s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = a.member_id AND s.day < :first_day::date AND s.current_streak = 0 AND y.member_id IS NULL
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
WHERE a.member_id IS NOT NULL OR y.current_streak > 0
ORDER BY member_id
