-- Lives that were given long ago.
WITH gone AS (
    DELETE FROM quiz.life_regenerations AS r
    WHERE r.regenerated_at < :before
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
