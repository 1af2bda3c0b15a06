-- Count the members' streaks from :first_day to :last_day in (:sign 1), or out of it (-1), as insert_streak_lengths
-- counts those of everybody. Each row is looked up by its key: all rows of the days are many more.
INSERT INTO community.streak_lengths AS l (day, length, reached, standing)
SELECT
    s.day,
    s.current_streak,
    :sign::bigint * count(*) FILTER (WHERE s.is_active AND extract(ISODOW FROM s.day) < 6),
    :sign::bigint * count(*)
FROM unnest(:member_ids::text[]) AS m (member_id)
CROSS JOIN generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
INNER JOIN community.daily_streaks AS s ON m.member_id = s.member_id AND s.day = g.day::date
WHERE s.current_streak > 0
GROUP BY s.day, s.current_streak
ON CONFLICT (day, length) DO UPDATE SET
    reached = l.reached + excluded.reached,
    standing = l.standing + excluded.standing
