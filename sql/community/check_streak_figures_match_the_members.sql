-- Days of which the streaks of a length are not as many as members have, as insert_streak_lengths counts them.
WITH counted AS (
    SELECT
        s.day,
        s.current_streak AS length,
        CASE
            WHEN extract(ISODOW FROM s.day) < 6 THEN count(*) FILTER (WHERE s.is_active = (s.current_streak > 0))
            ELSE 0
        END AS reached,
        count(*) AS standing
    FROM community.daily_streaks AS s
    GROUP BY s.day, s.current_streak
)

SELECT
    coalesce(l.day, c.day) AS day,
    coalesce(l.length, c.length) AS length,
    l.reached,
    c.reached AS counted_reached,
    l.standing,
    c.standing AS counted_standing
FROM community.streak_lengths AS l
FULL JOIN counted AS c ON l.day = c.day AND l.length = c.length
WHERE (l.reached, l.standing) IS DISTINCT FROM (c.reached, c.standing)
ORDER BY day, length
