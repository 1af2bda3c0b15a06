-- What runs of the last weeks did to a table, by the day of their logical time: one figure, the sum of all
-- runs and that of the last.
SELECT
    (e.as_of AT TIME ZONE 'UTC')::date AS day,
    sum((e.details -> :table ->> :figure)::double precision) AS total,
    (array_agg((e.details -> :table ->> :figure)::double precision ORDER BY e.as_of DESC, e.executed_at DESC))[1] AS newest
FROM operations.job_executions AS e
WHERE e.as_of BETWEEN :since AND :as_of AND jsonb_typeof(e.details -> :table -> :figure) = 'number'
GROUP BY day
