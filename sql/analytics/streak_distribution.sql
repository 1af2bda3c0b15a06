-- How many published members stand at which streak.
SELECT
    s.current_streak,
    count(*) AS members
FROM community.current_streaks AS s
GROUP BY s.current_streak
ORDER BY s.current_streak
