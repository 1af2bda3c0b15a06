-- Who was first active on one of :days, and is so no more on any.
DELETE FROM community.member_activity AS a
WHERE
    a.first_active_on = any(:days::date[])
    AND NOT EXISTS (
        SELECT 1 FROM community.daily_points AS p
        WHERE p.day = a.first_active_on AND p.member_id = a.member_id AND p.is_active
    )
