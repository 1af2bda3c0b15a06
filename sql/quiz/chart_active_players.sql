-- Who played: players a day, in the 7 and in the 30 days that end with it. The last 90 days.
SELECT a.day, a.active_players, a.weekly_active_players, a.monthly_active_players
FROM quiz.daily_activity AS a
WHERE a.day > :day::date - 90 AND a.day <= :day::date
ORDER BY a.day
