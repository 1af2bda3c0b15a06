-- The days are written again.
DELETE FROM community.daily_streaks
WHERE day BETWEEN :first_day AND :last_day
