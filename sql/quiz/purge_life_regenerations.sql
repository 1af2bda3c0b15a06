-- $1: rows from before are removed.
WITH gone AS (
    DELETE FROM quiz.life_regenerations AS r
    WHERE r.regenerated_at < $1
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
