-- Closed periods whose archive has other ranks than it was closed with.
WITH ranked AS (
    SELECT
        r.board,
        r.period_start,
        r.rank,
        row_number() OVER (
            PARTITION BY r.board, r.period_start ORDER BY r.score DESC, r.reached_at DESC NULLS LAST, r.member_id ASC
        ) AS position
    FROM leaderboards.archived_rankings AS r
    WHERE r.domain = :domain
)

SELECT p.board, p.period, p.members, count(r.rank) AS ranks_in_place
FROM leaderboards.closed_periods AS p
LEFT JOIN ranked AS r ON p.board = r.board AND p.period_start = r.period_start AND r.rank = r.position
WHERE p.domain = :domain
GROUP BY p.board, p.period_start, p.period, p.members
HAVING count(r.rank) <> p.members
ORDER BY p.period_start, p.board
