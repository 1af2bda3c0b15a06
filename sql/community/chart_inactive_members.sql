-- Who was not active: at risk, or gone. The last 90 days.
SELECT g.day, g.at_risk_weekly_members, g.at_risk_monthly_members, g.dormant_members
FROM community.growth_accounting AS g
WHERE g.day > :day::date - 90 AND g.day <= :day::date
ORDER BY g.day
