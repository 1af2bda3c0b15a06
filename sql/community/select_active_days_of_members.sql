-- On which of the days the members were active. Each is looked up by its key: all rows of the days are many more.
SELECT p.member_id, p.day
FROM unnest(:member_ids::text[]) AS m (member_id)
CROSS JOIN generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
CROSS JOIN LATERAL (
    SELECT d.member_id, d.day, d.is_active FROM community.daily_points AS d
    WHERE d.day = g.day::date AND d.member_id = m.member_id
    OFFSET 0
) AS p
WHERE p.is_active
