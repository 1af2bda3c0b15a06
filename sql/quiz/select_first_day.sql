-- The UTC day of the first XP; NULL while there is none.
SELECT (min(e.earned_at) AT TIME ZONE 'UTC')::date AS day
FROM quiz.xp_events AS e
WHERE isfinite(e.earned_at)
