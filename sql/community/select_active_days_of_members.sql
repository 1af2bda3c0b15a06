-- On which of the days the members were active. Each is looked up by its key: all rows of the days are many more.
WITH wanted AS (
    SELECT
        m.member_id,
        g.day::date AS day
    FROM unnest(:member_ids::text[]) AS m (member_id)
    CROSS JOIN generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
)

SELECT p.member_id, p.day
FROM wanted AS w
INNER JOIN community.daily_points AS p ON w.day = p.day AND w.member_id = p.member_id
WHERE p.is_active
