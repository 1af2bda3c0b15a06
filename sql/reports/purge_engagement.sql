-- Pages of days long ago.
WITH gone AS (
    DELETE FROM reports.engagement AS r
    WHERE r.day < (:before::timestamptz AT TIME ZONE 'UTC')::date
    RETURNING r.day
)

SELECT count(*) AS removed FROM gone
