-- The newest week for which effects were unlocked; NULL before the first.
SELECT max(a.week_start) AS week_start
FROM betting.user_effect_access AS a
