-- Who of each kind comes back the next day. The last 90 days.
SELECT g.day, g.curr, g.nurr, g.rurr, g.surr
FROM community.growth_accounting AS g
WHERE g.day > :day::date - 90 AND g.day <= :day::date
ORDER BY g.day
