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

-- Names are looked up of those alone who are level: NULL is joined with nothing.
compared AS (
    SELECT
        w.number,
        w.member_id,
        p.first_rank + r.place - 1 AS rank,
        CASE
            WHEN r.score = w.score AND coalesce(r.reached_at, '-infinity') = w.reached_at THEN r.account_id
        END AS level_account_id
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
LEFT JOIN community.accounts AS a ON c.level_account_id = a.account_id AND a.erased_at IS NULL
WHERE c.level_account_id IS NULL OR a.member_id < c.member_id
GROUP BY c.number
