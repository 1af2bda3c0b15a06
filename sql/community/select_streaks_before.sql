-- What stood before day $1 for everyone active up to day $2 or with a streak standing.
WITH concerned AS (
    SELECT p.member_id FROM community.daily_points AS p
    WHERE p.day BETWEEN $1::date AND $2::date AND p.is_active
    UNION
    SELECT s.member_id FROM community.daily_streaks AS s
    WHERE s.day = $1::date - 1 AND s.current_streak > 0
)

SELECT
    c.member_id,
    CASE WHEN l.day = $1::date - 1 THEN l.current_streak END AS current_streak,
    l.longest_streak,
    l.last_active_on
FROM concerned AS c
LEFT JOIN LATERAL (
    SELECT s.day, s.current_streak, s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = c.member_id AND s.day < $1::date
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
ORDER BY c.member_id
