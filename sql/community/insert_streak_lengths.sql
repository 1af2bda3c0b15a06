-- How many streaks reached a length from :first_day to :last_day, and stood at it. On a weekend none becomes longer.
INSERT INTO community.streak_lengths (day, length, reached, standing)
SELECT
    s.day,
    s.current_streak,
    count(*) FILTER (WHERE s.is_active AND extract(ISODOW FROM s.day) < 6),
    count(*)
FROM community.daily_streaks AS s
WHERE s.day BETWEEN :first_day AND :last_day AND s.current_streak > 0
GROUP BY s.day, s.current_streak
