-- Who was active on :days was so first and last then, or earlier and later. First days that are not any more come
-- back, with the days between which those members were active.
WITH seen AS (
    SELECT p.member_id, min(p.day) AS first_day, max(p.day) AS last_day
    FROM community.daily_points AS p
    WHERE p.day = any(:days::date[]) AND p.is_active
    GROUP BY p.member_id
),

moved AS (
    SELECT a.first_active_on AS was_on, s.first_day, greatest(a.last_active_on, s.last_day) AS last_day
    FROM seen AS s
    INNER JOIN community.member_activity AS a ON s.member_id = a.member_id AND s.first_day < a.first_active_on
),

written AS (
    INSERT INTO community.member_activity AS a (member_id, first_active_on, last_active_on)
    SELECT s.member_id, s.first_day, s.last_day FROM seen AS s
    ORDER BY s.member_id
    ON CONFLICT (member_id) DO UPDATE SET
        first_active_on = least(a.first_active_on, excluded.first_active_on),
        last_active_on = greatest(a.last_active_on, excluded.last_active_on)
    WHERE excluded.first_active_on < a.first_active_on OR excluded.last_active_on > a.last_active_on
)

SELECT m.was_on, min(m.first_day) AS first_day, max(m.last_day) AS last_day
FROM moved AS m
GROUP BY m.was_on
