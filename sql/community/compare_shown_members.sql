-- Where what the app shows of its members is not what our tables say. What it does not show (NULL) is not compared;
-- who has points here and is not shown at all is.
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
),

members AS (
    SELECT
        coalesce(s.member_id, p.member_id) AS member_id,
        s.member_id IS NOT NULL AS is_shown,
        s.total_points AS shown_points,
        s.current_streak AS shown_streak,
        s.last_active_at AS shown_active_at,
        coalesce(p.total, 0) AS total,
        p.last_active_at
    FROM community.shown_members AS s
    FULL JOIN community.member_points AS p ON s.member_id = p.member_id
)

SELECT
    m.member_id AS id,
    f.figure,
    f.ours,
    f.shown
FROM members AS m
CROSS JOIN computed AS c
LEFT JOIN community.daily_streaks AS t ON m.member_id = t.member_id AND c.last_day = t.day
CROSS JOIN
    LATERAL (
        VALUES
        ('total_points', m.total::text, m.shown_points::text),
        (
            'current_streak',
            coalesce(t.current_streak, 0)::text,
            m.shown_streak::text
        ),
        (
            'last_active_on',
            (m.last_active_at AT TIME ZONE 'UTC')::date::text,
            (m.shown_active_at AT TIME ZONE 'UTC')::date::text
        )
    ) AS f (figure, ours, shown)
WHERE
    (f.shown IS NOT NULL AND f.ours IS DISTINCT FROM f.shown)
    OR (NOT m.is_shown AND f.figure = 'total_points' AND m.total <> 0)
ORDER BY m.member_id, f.figure
