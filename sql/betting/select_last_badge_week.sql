-- The last week whose badges stand for good; NULL before the first.
SELECT max(w.week_start) AS week_start
FROM betting.badge_weeks AS w
