-- Members whose first or last day active is one of :days on which they are not active any more: from all their days.
-- Who has none left is removed by delete_member_activity.
WITH wrong AS (
    SELECT a.member_id, a.first_active_on, a.last_active_on
    FROM community.member_activity AS a
    WHERE
        (
            a.first_active_on = any(:days::date[])
            AND NOT EXISTS (
                SELECT 1 FROM community.daily_points AS p
                WHERE p.day = a.first_active_on AND p.member_id = a.member_id AND p.is_active
            )
        )
        OR (
            a.last_active_on = any(:days::date[])
            AND NOT EXISTS (
                SELECT 1 FROM community.daily_points AS p
                WHERE p.day = a.last_active_on AND p.member_id = a.member_id AND p.is_active
            )
        )
),

found AS (
    SELECT p.member_id, min(p.day) AS first_day, max(p.day) AS last_day
    FROM community.daily_points AS p
    INNER JOIN wrong AS w ON p.member_id = w.member_id
    WHERE p.is_active
    GROUP BY p.member_id
),

corrected AS (
    UPDATE community.member_activity AS a SET first_active_on = f.first_day, last_active_on = f.last_day
    FROM found AS f
    WHERE a.member_id = f.member_id
)

SELECT
    w.first_active_on AS was_on,
    min(w.first_active_on) AS first_day,
    max(greatest(w.last_active_on, f.last_day)) AS last_day
FROM wrong AS w
LEFT JOIN found AS f ON w.member_id = f.member_id
WHERE w.first_active_on IS DISTINCT FROM f.first_day
GROUP BY w.first_active_on
UNION
-- The day that is the first now was none before.
SELECT f.first_day, min(f.first_day), max(f.last_day)
FROM wrong AS w
INNER JOIN found AS f ON w.member_id = f.member_id
WHERE w.first_active_on IS DISTINCT FROM f.first_day
GROUP BY f.first_day
