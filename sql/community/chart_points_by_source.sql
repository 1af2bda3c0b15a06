-- What points were earned with, by week. The last 26 weeks.
SELECT p.period_start AS week, p.action, p.points, p.entries
FROM community.points_by_source AS p
WHERE p.grain = 'week' AND p.period_start > :day::date - 182 AND p.period_start <= :day::date
ORDER BY p.period_start, p.action
