-- First day :before whose streaks are missing though activity is known from then or before. Days are computed
-- in order, so only what follows the last computed one can be missing. Nothing before :start_on counts.
SELECT
    CASE
        WHEN max(d.day) FILTER (WHERE d.streaks_at IS NOT NULL) = :before::date - 1 THEN NULL
        ELSE coalesce(
            max(d.day) FILTER (WHERE d.streaks_at IS NOT NULL) + 1,
            least(
                min(d.day) FILTER (WHERE d.is_points_stale),
                (
                    SELECT min(p.day) FROM community.daily_points AS p
                    WHERE p.day < :before::date AND p.day >= :start_on::date
                )
            )
        )
    END AS day
FROM community.days AS d
WHERE d.day < :before::date AND d.day >= :start_on::date
