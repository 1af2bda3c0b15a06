-- First day before $1 whose streaks were computed and need not be what follows any more: something changed
-- since, or the day was still open. $2: nothing before this day counts.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE d.day < $1::date AND d.day >= $2::date AND d.streaks_at IS NOT NULL AND d.is_streaks_stale
