-- $1: rows from before are removed.
WITH gone AS (
    DELETE FROM betting.content_expirations AS c
    WHERE c.expired_at < $1
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
