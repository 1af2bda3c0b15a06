-- Count the members' streaks from :first_day to :last_day in (:sign 1), or out of it (-1), as insert_streak_lengths
-- counts those of everybody.
INSERT INTO community.streak_lengths AS l (day, length, reached, standing)
SELECT
    s.day,
    s.current_streak,
    :sign::bigint * count(*) FILTER (WHERE s.is_active AND extract(ISODOW FROM s.day) < 6),
    :sign::bigint * count(*)
FROM community.daily_streaks AS s
WHERE s.member_id = any(:member_ids::text[]) AND s.day BETWEEN :first_day AND :last_day AND s.current_streak > 0
GROUP BY s.day, s.current_streak
ON CONFLICT (day, length) DO UPDATE SET
    reached = l.reached + excluded.reached,
    standing = l.standing + excluded.standing
