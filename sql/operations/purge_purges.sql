-- What is told of old purges. $1: none older.
WITH gone AS (
    DELETE FROM operations.purges AS o
    WHERE o.purged_at < $1::timestamptz
    RETURNING o.target
)

SELECT count(*) AS removed FROM gone
