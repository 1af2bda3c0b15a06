-- Which share of the stakes the house kept, by week. The last 26 weeks.
SELECT h.week, h.hold
FROM betting.hold_by_week AS h
WHERE h.week > :day::date - 182 AND h.week <= :day::date
ORDER BY h.week
