-- Give the app the badges of this week and of the month before the last that was closed; how many of its rows it
-- changed.
WITH badges AS (
    SELECT b.user_id, b.badge, b.week_start, b.earned_at, b.lost_at
    FROM betting.user_badges AS b
    WHERE b.week_start >= (SELECT max(w.week_start) FROM betting.badge_weeks AS w) - 28
)

SELECT count(*) AS written
FROM betting.write_back_badges(
    (
        SELECT
            array_agg(
                row(b.user_id, b.badge, b.week_start, b.earned_at, b.lost_at)::betting.badge_figures
                ORDER BY b.week_start, b.badge, b.user_id
            )
        FROM badges AS b
    )
)
