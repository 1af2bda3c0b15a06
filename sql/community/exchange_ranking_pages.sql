-- Put the pages that change together, from pieces of those that stand, and from who arrives. Pages nobody is left on go.
-- Staged: staged_pieces(day, board, period_start, first_rank, rank, ranks, source_rank, first_place, last_place,
-- account_id, score, reached_at)
WITH emptied AS (
    DELETE FROM community.ranking_pages AS p
    USING staged_pieces AS s
    WHERE s.ranks = 0 AND p.day = s.day AND p.board = s.board AND p.first_rank = s.first_rank
),

pieces AS (
    SELECT
        s.day,
        s.board,
        s.period_start,
        s.first_rank,
        s.rank,
        coalesce(p.account_ids[s.first_place:s.last_place], ARRAY[s.account_id]) AS account_ids,
        coalesce(p.scores[s.first_place:s.last_place], ARRAY[s.score]) AS scores,
        coalesce(p.reached_at[s.first_place:s.last_place], ARRAY[s.reached_at]) AS reached_at
    FROM staged_pieces AS s
    LEFT JOIN community.ranking_pages AS p ON s.day = p.day AND s.board = p.board AND s.source_rank = p.first_rank
    WHERE s.ranks > 0
)

INSERT INTO community.ranking_pages AS p (day, board, first_rank, period_start, account_ids, scores, reached_at)
SELECT
    c.day,
    c.board,
    c.first_rank,
    c.period_start,
    community.join_arrays(c.account_ids ORDER BY c.rank),
    community.join_arrays(c.scores ORDER BY c.rank),
    community.join_arrays(c.reached_at ORDER BY c.rank)
FROM pieces AS c
GROUP BY c.day, c.board, c.first_rank, c.period_start
ON CONFLICT (day, board, first_rank) DO UPDATE
    SET
        account_ids = excluded.account_ids,
        scores = excluded.scores,
        reached_at = excluded.reached_at
