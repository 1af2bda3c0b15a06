-- Who earned most in the week of the day before: on a Monday the week that just ended. Published members only.
SELECT g.name, g.points, g.member_id
FROM community.top_gainers AS g
WHERE g.week = date_trunc('week', :day::date - 1)::date AND g.place <= 10
ORDER BY g.place
