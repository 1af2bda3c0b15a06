-- Taken before reading: whatever arrives later marks the days stale again.
WITH claimed AS (
    UPDATE community.days SET is_points_stale = FALSE
    WHERE day BETWEEN :first_day AND :last_day AND is_points_stale
    RETURNING day
)

SELECT c.day FROM claimed AS c
ORDER BY c.day
