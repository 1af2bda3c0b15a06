-- The seven whole days before :day, and the seven before those, which are whole only if something is known of an earlier day.
SELECT
    coalesce(max(a.weekly_active_members) FILTER (WHERE a.day = :day::date - 1), 0) AS active,
    coalesce(max(a.weekly_active_members) FILTER (WHERE a.day = :day::date - 8), 0) AS active_before,
    coalesce(sum(a.points) FILTER (WHERE a.day > :day::date - 8), 0)::bigint AS points,
    coalesce(sum(a.points) FILTER (WHERE a.day <= :day::date - 8), 0)::bigint AS points_before,
    exists(
        SELECT 1 FROM community.daily_activity AS e
        WHERE e.day < :day::date - 14 AND e.active_members > 0
    ) AS has_week_before
FROM community.daily_activity AS a
WHERE a.day BETWEEN :day::date - 14 AND :day::date - 1
