-- The seven whole days before :day, and the seven before those.
SELECT
    coalesce(max(a.weekly_bettors) FILTER (WHERE a.day = :day::date - 1), 0) AS active,
    coalesce(max(a.weekly_bettors) FILTER (WHERE a.day = :day::date - 8), 0) AS active_before,
    coalesce(sum(a.wagered) FILTER (WHERE a.day > :day::date - 8), 0)::bigint AS wagered,
    coalesce(sum(a.wagered) FILTER (WHERE a.day <= :day::date - 8), 0)::bigint AS wagered_before
FROM betting.daily_activity AS a
WHERE a.day BETWEEN :day::date - 14 AND :day::date - 1
