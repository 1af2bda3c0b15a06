-- What runs of the last weeks did to a table, by the day of their logical time: the sum of one figure.
SELECT
    (e.as_of AT TIME ZONE 'UTC')::date AS day,
    sum((e.details -> :table ->> :figure)::double precision) AS total
FROM operations.job_executions AS e
WHERE e.as_of BETWEEN :since AND :as_of AND jsonb_typeof(e.details -> :table -> :figure) = 'number'
GROUP BY day
