-- Days from :start_on to :last_day whose rows of daily_points changed, locked in order. Taken before reading:
-- whatever changes later marks the days again.
WITH claimed AS (
    SELECT d.day FROM community.days AS d
    WHERE d.day BETWEEN :start_on AND :last_day AND d.is_growth_stale
    ORDER BY d.day
    FOR UPDATE
)

UPDATE community.days AS d SET is_growth_stale = FALSE
FROM claimed AS c
WHERE d.day = c.day
RETURNING d.day
