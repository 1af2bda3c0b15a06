-- The days are written anew.
DELETE FROM community.daily_streaks
WHERE day BETWEEN :first_day AND :last_day
