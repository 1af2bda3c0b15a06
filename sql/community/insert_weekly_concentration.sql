-- How much of the points of :weeks went to those with most: at least one member, and whole members.
WITH earned AS (
    SELECT w.week, p.member_id, sum(p.points) AS points
    FROM unnest(:weeks::date[]) AS w (week)
    INNER JOIN community.daily_points AS p ON p.day BETWEEN w.week AND w.week + 6
    GROUP BY w.week, p.member_id
    HAVING sum(p.points) > 0
),

placed AS (
    SELECT
        e.week,
        e.points,
        row_number() OVER (PARTITION BY e.week ORDER BY e.points DESC) AS place,
        count(*) OVER (PARTITION BY e.week) AS members
    FROM earned AS e
)

INSERT INTO community.weekly_concentration (week, members, points, top_1_percent_points, top_10_percent_points)
SELECT
    p.week,
    count(*),
    sum(p.points),
    sum(p.points) FILTER (WHERE 100 * (p.place - 1) < p.members),
    sum(p.points) FILTER (WHERE 10 * (p.place - 1) < p.members)
FROM placed AS p
GROUP BY p.week
