-- What stood before day :first_day, of the members.
WITH members AS (
    SELECT m.member_id FROM unnest(:member_ids::text[]) AS m (member_id)
)

SELECT
    m.member_id,
    CASE WHEN l.day = :first_day::date - 1 THEN l.current_streak END AS current_streak,
    l.longest_streak,
    l.last_active_on
FROM members AS m
LEFT JOIN LATERAL (
    SELECT s.day, s.current_streak, s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = m.member_id AND s.day < :first_day::date
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
ORDER BY m.member_id
