-- How the boards of days from :first_day to :last_day, which are open, are brought up to date: as a whole, or for those
-- who are late. The newest day's are ranked as a whole, and so is a day that is asked for alone. Others stand.
WITH newest AS (
    SELECT coalesce(max(b.day), '-infinity') AS day FROM leaderboards.boards AS b
    WHERE b.domain = 'community'
),

judged AS (
    SELECT
        d.day,
        d.is_boards_stale,
        d.is_boards_due_for_all OR d.day >= n.day
        OR (:first_day::date = :last_day::date AND NOT d.is_boards_stale) AS is_whole
    FROM community.days AS d
    CROSS JOIN newest AS n
    WHERE d.day BETWEEN :first_day AND :last_day
)

SELECT j.day, j.is_whole
FROM judged AS j
WHERE j.is_whole OR j.is_boards_stale
ORDER BY j.day
