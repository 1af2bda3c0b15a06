-- The record of content that expired or was removed before :before.
WITH gone AS (
    DELETE FROM betting.content_expirations AS c
    WHERE c.expired_at < :before
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
