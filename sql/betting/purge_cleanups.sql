-- $1: rows from before are removed.
WITH gone AS (
    DELETE FROM betting.cleanups AS c
    WHERE c.cleaned_at < $1
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
