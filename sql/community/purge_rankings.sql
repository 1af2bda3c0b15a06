-- Boards of past days: those of the last day of each week stay whole, of the others the first thousand.
WITH last_days AS (
    SELECT max(p.day) AS day FROM community.ranking_pages AS p
    WHERE p.first_rank = 1
    GROUP BY date_trunc('week', p.day)
),

gone AS (
    DELETE FROM community.ranking_pages AS p
    WHERE
        p.day < (:before::timestamptz AT TIME ZONE 'UTC')::date AND p.first_rank > 1
        AND p.day NOT IN (SELECT l.day FROM last_days AS l)
    RETURNING cardinality(p.account_ids) AS ranks
)

SELECT coalesce(sum(g.ranks), 0)::bigint AS removed FROM gone AS g
