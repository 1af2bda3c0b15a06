-- How much of the points of the week of :week went to those with most: at least one member, and whole members.
WITH earned AS (
    SELECT sum(p.points) AS points
    FROM community.daily_points AS p
    WHERE p.day BETWEEN :week::date AND :week::date + 6
    GROUP BY p.member_id
    HAVING sum(p.points) > 0
),

placed AS (
    SELECT
        e.points,
        row_number() OVER (ORDER BY e.points DESC) AS place,
        count(*) OVER () AS members
    FROM earned AS e
)

INSERT INTO community.weekly_concentration (week, members, points, top_1_percent_points, top_10_percent_points)
SELECT
    :week,
    count(*),
    sum(p.points),
    sum(p.points) FILTER (WHERE 100 * (p.place - 1) < p.members),
    sum(p.points) FILTER (WHERE 10 * (p.place - 1) < p.members)
FROM placed AS p
HAVING count(*) > 0
