-- The seven whole days before :day, and the seven before those, which are whole only if something is known of an earlier day.
WITH placed AS (
    SELECT b.user_id, (b.created_at AT TIME ZONE 'UTC')::date AS day, b.stake FROM betting.bets AS b
    WHERE
        b.status <> 'cancelled'
        AND b.created_at >= (:day::date - 14)::timestamp AT TIME ZONE 'UTC'
        AND b.created_at < :day::date::timestamp AT TIME ZONE 'UTC'
)

SELECT
    count(DISTINCT p.user_id) FILTER (WHERE p.day >= :day::date - 7) AS active,
    count(DISTINCT p.user_id) FILTER (WHERE p.day < :day::date - 7) AS active_before,
    coalesce(sum(p.stake) FILTER (WHERE p.day >= :day::date - 7), 0)::bigint AS wagered,
    coalesce(sum(p.stake) FILTER (WHERE p.day < :day::date - 7), 0)::bigint AS wagered_before,
    exists(
        SELECT 1 FROM betting.bets AS e
        WHERE e.status <> 'cancelled' AND e.created_at < (:day::date - 14)::timestamp AT TIME ZONE 'UTC'
    ) AS has_week_before
FROM placed AS p
