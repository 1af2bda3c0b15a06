-- The record of cleanups before :before.
WITH gone AS (
    DELETE FROM betting.cleanups AS c
    WHERE c.cleaned_at < :before
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
