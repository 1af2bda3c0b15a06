-- Who the active members of a day are: new, there all week, or back. The last 90 days.
SELECT g.day, g.new_members, g.current_members, g.reactivated_members, g.resurrected_members
FROM community.growth_accounting AS g
WHERE g.day > :day::date - 90 AND g.day <= :day::date
ORDER BY g.day
