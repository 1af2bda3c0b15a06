-- Badges held in the week that began on :week_start.
SELECT u.badge, u.user_id
FROM betting.user_badges AS u
WHERE u.week_start = :week_start AND u.lost_at IS NULL
