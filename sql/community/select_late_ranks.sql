-- Where the staged members stand on boards of :days.
-- Staged: staged_late(member_id, account_id)
WITH ranks AS (
    SELECT
        p.day,
        p.board,
        p.first_rank,
        unnest(p.account_ids) AS account_id
    FROM community.ranking_pages AS p
    WHERE p.day = any(:days::date[])
),

found AS MATERIALIZED (
    SELECT r.day, r.board, r.first_rank, r.account_id
    FROM ranks AS r
    INNER JOIN staged_late AS l ON r.account_id = l.account_id
)

SELECT
    f.day,
    f.board,
    f.first_rank + x.place - 1 AS rank,
    f.account_id,
    p.scores[x.place] AS score,
    p.reached_at[x.place] AS reached_at
FROM found AS f
INNER JOIN community.ranking_pages AS p ON f.day = p.day AND f.board = p.board AND f.first_rank = p.first_rank
CROSS JOIN LATERAL array_position(p.account_ids, f.account_id) AS x (place)
