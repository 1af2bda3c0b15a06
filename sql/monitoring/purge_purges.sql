-- Records of old purges.
WITH gone AS (
    DELETE FROM operations.purges AS o
    WHERE o.purged_at < :before::timestamptz
    RETURNING o.target
)

SELECT count(*) AS removed FROM gone
