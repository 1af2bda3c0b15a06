-- Who was active for the first time, by week. The last 26 weeks.
SELECT w.week, w.new_members
FROM community.weekly_activity AS w
WHERE w.week > :day::date - 182 AND w.week <= :day::date
ORDER BY w.week
