-- Which share of a week's points the most active members have. The last 26 weeks.
SELECT c.week, c.top_1_percent_share, c.top_10_percent_share, c.members, c.points
FROM community.point_concentration AS c
WHERE c.week > :day::date - 182 AND c.week <= :day::date
ORDER BY c.week
