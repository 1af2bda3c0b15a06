-- Members whose first or last day active is one of :days on which they are not active any more: hardly ever any.
SELECT count(*) AS members
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
