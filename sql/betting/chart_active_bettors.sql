-- Who placed bets: users a day, in the 7 and in the 30 days that end with it. The last 90 days.
SELECT a.day, a.bettors, a.weekly_bettors, a.monthly_bettors
FROM betting.daily_activity AS a
WHERE a.day > :day::date - 90 AND a.day <= :day::date
ORDER BY a.day
