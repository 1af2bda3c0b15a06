-- What was gained on each of the days from :first_day to :last_day.
SELECT
    g.day::date AS day,
    coalesce(sum(p.xp_gained), 0)::bigint AS xp_gained,
    coalesce(sum(p.points), 0)::bigint AS points
FROM generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
LEFT JOIN community.daily_points AS p ON p.day BETWEEN :first_day AND :last_day AND g.day::date = p.day
GROUP BY g.day
