-- The last week for which every bankroll was reset; NULL before the first.
SELECT max(w.week_start) AS week_start
FROM betting.reset_weeks AS w
