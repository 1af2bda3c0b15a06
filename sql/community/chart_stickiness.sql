-- How many of a month's members came on a day. The last 90 days.
SELECT a.day, a.stickiness
FROM community.daily_activity AS a
WHERE a.day > :day::date - 90 AND a.day <= :day::date
ORDER BY a.day
