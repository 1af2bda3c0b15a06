-- Everybody with a badge in the week that began on :week_start, or access so far: badges held, tier as it
-- stands.
WITH held AS (
    SELECT u.user_id, count(*) AS badges
    FROM betting.user_badges AS u
    WHERE u.week_start = :week_start AND u.lost_at IS NULL
    GROUP BY u.user_id
)

SELECT
    coalesce(h.user_id, a.user_id) AS user_id,
    coalesce(h.badges, 0) AS badges,
    a.tier AS standing_tier,
    a.badges AS standing_badges,
    coalesce(a.week_start = :week_start, FALSE) AS is_of_week
FROM held AS h
FULL OUTER JOIN betting.user_effect_access AS a ON h.user_id = a.user_id
WHERE h.user_id IS NOT NULL OR a.badges > 0
