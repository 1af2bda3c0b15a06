-- What the days from :first_day to :last_day were computed with, and what they have since.
INSERT INTO community.counted_days AS c (
    day, last_sync_id, last_entry_id, active_members, points, xp_gained, member_days
)
SELECT
    g.day,
    :last_sync_id,
    :last_entry_id,
    count(*) FILTER (WHERE p.is_active),
    coalesce(sum(p.points), 0)::bigint,
    coalesce(sum(p.xp_gained), 0)::bigint,
    count(p.member_id)
FROM generate_series(:first_day::date::timestamp, :last_day::date::timestamp, interval '1 day') AS g (day)
LEFT JOIN community.daily_points AS p ON g.day::date = p.day
GROUP BY g.day
ON CONFLICT (day) DO UPDATE
    SET
        last_sync_id = excluded.last_sync_id,
        last_entry_id = excluded.last_entry_id,
        active_members = excluded.active_members,
        points = excluded.points,
        xp_gained = excluded.xp_gained,
        member_days = excluded.member_days
