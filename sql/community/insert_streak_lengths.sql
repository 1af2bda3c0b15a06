-- How many streaks reached a length from :first_day to :last_day, and stood at it: who broke reached 0. On a weekend
-- none changes.
INSERT INTO community.streak_lengths (day, length, reached, standing)
SELECT
    s.day,
    s.current_streak,
    CASE
        WHEN extract(ISODOW FROM s.day) < 6 THEN count(*) FILTER (WHERE s.is_active = (s.current_streak > 0))
        ELSE 0
    END,
    count(*)
FROM community.daily_streaks AS s
WHERE s.day BETWEEN :first_day AND :last_day
GROUP BY s.day, s.current_streak
