-- Last day up to :last_day so that at most :most member-days are computed for everybody in one run, one day at least.
-- Days from :first_day of which only some members are late cost next to nothing.
WITH due AS (
    SELECT
        g.day::date AS day,
        row_number() OVER (ORDER BY g.day) AS number
    FROM generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
    LEFT JOIN community.days AS d ON g.day::date = d.day
    WHERE coalesce(d.is_streaks_due_for_all OR d.is_boards_due_for_all, TRUE)
),

members AS (
    SELECT greatest(count(*), 1) AS members FROM community.member_points
)

SELECT coalesce(min(d.day) - 1, :last_day) AS day
FROM due AS d
CROSS JOIN members AS m
WHERE d.number > greatest(:most / m.members, 1)
