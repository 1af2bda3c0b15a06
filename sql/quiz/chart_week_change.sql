-- The seven whole days before :day, and the seven before those, which are whole only if something is known of an earlier day.
WITH facts AS (
    SELECT s.user_id, (s.started_at AT TIME ZONE 'UTC')::date AS day, 0::bigint AS xp FROM quiz.quiz_sessions AS s
    WHERE s.started_at >= (:day::date - 14)::timestamp AT TIME ZONE 'UTC' AND s.started_at < :day::date::timestamp AT TIME ZONE 'UTC'
    UNION ALL
    SELECT e.user_id, (e.earned_at AT TIME ZONE 'UTC')::date, e.amount FROM quiz.xp_events AS e
    WHERE e.earned_at >= (:day::date - 14)::timestamp AT TIME ZONE 'UTC' AND e.earned_at < :day::date::timestamp AT TIME ZONE 'UTC'
)

SELECT
    count(DISTINCT f.user_id) FILTER (WHERE f.day >= :day::date - 7) AS active,
    count(DISTINCT f.user_id) FILTER (WHERE f.day < :day::date - 7) AS active_before,
    coalesce(sum(f.xp) FILTER (WHERE f.day >= :day::date - 7), 0)::bigint AS xp,
    coalesce(sum(f.xp) FILTER (WHERE f.day < :day::date - 7), 0)::bigint AS xp_before,
    EXISTS (
        SELECT 1 FROM quiz.quiz_sessions AS e
        WHERE e.started_at < (:day::date - 14)::timestamp AT TIME ZONE 'UTC'
    )
    OR EXISTS (
        SELECT 1 FROM quiz.xp_events AS e
        WHERE e.earned_at < (:day::date - 14)::timestamp AT TIME ZONE 'UTC'
    ) AS has_week_before
FROM facts AS f
