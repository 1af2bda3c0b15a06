-- Badges held in the week that began on $1.
SELECT u.badge, u.user_id::text AS user_id
FROM betting.user_badges AS u
WHERE u.week_start = $1 AND u.lost_at IS NULL
