-- $1, $2: first and last day.
DELETE FROM community.daily_streaks
WHERE day BETWEEN $1 AND $2
