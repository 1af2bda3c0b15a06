-- First day :before whose streaks were computed and need not be what follows any more: something changed
-- since, or the day was still open. Nothing before :start_on counts.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE
    d.day < :before::date AND d.day >= :start_on::date AND d.streaks_at IS NOT NULL
    AND (d.is_streaks_stale OR d.day >= (SELECT min(l.streaks_from) FROM community.late_members AS l))
