-- The last rank ahead of each staged member, who is between two pages of a board; NULL if there is none.
-- Staged: staged_arriving(number, day, board, first_page, last_page, member_id, score, reached_at)
WITH compared AS (
    SELECT
        s.number,
        s.member_id,
        p.first_rank + r.place - 1 AS rank,
        r.account_id,
        r.score = s.score AND r.reached_at IS NOT DISTINCT FROM s.reached_at AS is_tied,
        r.score > s.score OR (
            r.score = s.score AND coalesce(r.reached_at > s.reached_at, s.reached_at IS NULL AND r.reached_at IS NOT NULL)
        ) AS is_ahead
    FROM staged_arriving AS s
    INNER JOIN community.ranking_pages AS p
        ON s.day = p.day AND s.board = p.board AND p.first_rank BETWEEN s.first_page AND s.last_page
    CROSS JOIN LATERAL
        unnest(p.account_ids, p.scores, p.reached_at) WITH ORDINALITY AS r (account_id, score, reached_at, place)
)

SELECT c.number, max(c.rank) FILTER (WHERE c.is_ahead OR a.member_id < c.member_id) AS rank
FROM compared AS c
LEFT JOIN community.accounts AS a ON c.is_tied AND c.account_id = a.account_id AND a.erased_at IS NULL
GROUP BY c.number
