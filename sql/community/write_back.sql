-- Give the app the figures of everybody who has points; how many of its rows it changed.
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
)

SELECT count(*) AS written
FROM community.write_back_members(
    (
        SELECT
            array_agg(
                row(
                    p.member_id,
                    p.total,
                    CASE WHEN c.last_day IS NOT NULL THEN coalesce(s.current_streak, 0) END,
                    p.last_active_at
                )::community.member_figures
                ORDER BY p.member_id
            )
        FROM community.member_points AS p
        CROSS JOIN computed AS c
        LEFT JOIN community.daily_streaks AS s ON p.member_id = s.member_id AND c.last_day = s.day
    )
)
