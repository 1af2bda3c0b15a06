-- First day before $1 whose streaks are missing though activity is known from then or before.
-- Days are computed in order, so only what follows the last computed one can be missing.
-- $2: nothing before this day counts.
SELECT
    CASE
        WHEN max(d.day) FILTER (WHERE d.streaks_at IS NOT NULL) = $1::date - 1 THEN NULL
        ELSE coalesce(
            max(d.day) FILTER (WHERE d.streaks_at IS NOT NULL) + 1,
            least(
                min(d.day) FILTER (WHERE d.is_points_stale),
                (
                    SELECT min(p.day) FROM community.daily_points AS p
                    WHERE p.day < $1::date AND p.day >= $2::date
                )
            )
        )
    END AS day
FROM community.days AS d
WHERE d.day < $1::date AND d.day >= $2::date
