-- The last rank ahead of each staged member, who is between two pages of a board; none where nobody is ahead.
-- Staged: staged_arriving(number, day, board, first_page, last_page, member_id, score, reached_at)
WITH wanted AS (
    SELECT
        s.number,
        s.day,
        s.board,
        s.first_page,
        s.last_page,
        s.member_id,
        s.score,
        coalesce(s.reached_at, '-infinity') AS reached_at
    FROM staged_arriving AS s
),

compared AS (
    SELECT
        w.number,
        w.member_id,
        p.first_rank + r.place - 1 AS rank,
        r.account_id,
        r.score > w.score OR coalesce(r.reached_at, '-infinity') > w.reached_at AS is_ahead
    FROM wanted AS w
    INNER JOIN community.ranking_pages AS p
        ON w.day = p.day AND w.board = p.board AND p.first_rank BETWEEN w.first_page AND w.last_page
    CROSS JOIN
        LATERAL
        unnest(p.account_ids, p.scores, p.reached_at) WITH ORDINALITY AS r (account_id, score, reached_at, place)
    WHERE (r.score, coalesce(r.reached_at, '-infinity')) >= (w.score, w.reached_at)
)

SELECT
    c.number,
    max(c.rank) AS rank
FROM compared AS c
LEFT JOIN community.accounts AS a ON c.account_id = a.account_id AND a.erased_at IS NULL AND NOT c.is_ahead
WHERE c.is_ahead OR a.member_id < c.member_id
GROUP BY c.number
