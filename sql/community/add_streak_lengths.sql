-- Count the members' streaks from :first_day to :last_day in (:sign 1), or out of it (-1), as insert_streak_lengths
-- counts those of everybody. OFFSET has each row looked up by its key: all rows of the days are many more.
INSERT INTO community.streak_lengths AS l (day, length, reached, standing)
SELECT
    f.day,
    f.current_streak,
    :sign::bigint * count(*) FILTER (WHERE f.is_active AND extract(ISODOW FROM f.day) < 6),
    :sign::bigint * count(*)
FROM unnest(:member_ids::text[]) AS m (member_id)
CROSS JOIN generate_series(0, :last_day::date - :first_day::date) AS g (days)
CROSS JOIN
    LATERAL (
        SELECT s.day, s.is_active, s.current_streak
        FROM community.daily_streaks AS s
        WHERE s.day = :first_day::date + g.days AND s.member_id = m.member_id
        OFFSET 0
    ) AS f
WHERE f.current_streak > 0
GROUP BY f.day, f.current_streak
ON CONFLICT (day, length) DO UPDATE SET
    reached = l.reached + excluded.reached,
    standing = l.standing + excluded.standing
