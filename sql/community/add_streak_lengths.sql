-- Count the members' streaks from :first_day to :last_day in (:sign 1), or out of it (-1), as insert_streak_lengths
-- counts those of everybody. LIMIT has each row looked up by its key: all rows of the days are many more.
WITH wanted AS (
    SELECT
        m.member_id,
        :first_day::date + g.days AS day
    FROM unnest(:member_ids::text[]) AS m (member_id)
    CROSS JOIN generate_series(0, :last_day::date - :first_day::date) AS g (days)
)

INSERT INTO community.streak_lengths AS l (day, length, reached, standing)
SELECT
    f.day,
    f.current_streak,
    CASE
        WHEN extract(ISODOW FROM f.day) < 6
            THEN :sign::bigint * count(*) FILTER (WHERE f.is_active = (f.current_streak > 0))
        ELSE 0
    END,
    :sign::bigint * count(*)
FROM wanted AS w
LEFT JOIN LATERAL (
    SELECT s.day, s.is_active, s.current_streak
    FROM community.daily_streaks AS s
    WHERE s.day = w.day AND s.member_id = w.member_id
    ORDER BY s.day
    LIMIT 1
) AS f ON TRUE
WHERE f.day IS NOT NULL
GROUP BY f.day, f.current_streak
ON CONFLICT (day, length) DO UPDATE SET
    reached = l.reached + excluded.reached,
    standing = l.standing + excluded.standing
