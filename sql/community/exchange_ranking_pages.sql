-- Put the pages that change together, from pieces of those that stand, and from who arrives. A page nobody is left on
-- has one piece with nothing in it.
-- Staged: staged_pieces(day, board, period_start, first_rank, rank, source_rank, first_place, last_place, account_id,
-- score, reached_at)
WITH pieces AS (
    SELECT
        s.day,
        s.board,
        s.period_start,
        s.first_rank,
        s.rank,
        CASE
            WHEN s.account_id IS NULL THEN p.account_ids[s.first_place:s.last_place] ELSE ARRAY[s.account_id]
        END AS account_ids,
        CASE WHEN s.account_id IS NULL THEN p.scores[s.first_place:s.last_place] ELSE ARRAY[s.score] END AS scores,
        CASE
            WHEN s.account_id IS NULL THEN p.reached_at[s.first_place:s.last_place] ELSE ARRAY[s.reached_at]
        END AS reached_at
    FROM staged_pieces AS s
    LEFT JOIN community.ranking_pages AS p ON s.day = p.day AND s.board = p.board AND s.source_rank = p.first_rank
),

joined AS (
    SELECT
        c.day,
        c.board,
        c.period_start,
        c.first_rank,
        community.join_arrays(c.account_ids ORDER BY c.rank) AS account_ids,
        community.join_arrays(c.scores ORDER BY c.rank) AS scores,
        community.join_arrays(c.reached_at ORDER BY c.rank) AS reached_at
    FROM pieces AS c
    GROUP BY c.day, c.board, c.period_start, c.first_rank
)

MERGE INTO community.ranking_pages AS p
USING joined AS j ON p.day = j.day AND p.board = j.board AND p.first_rank = j.first_rank
WHEN MATCHED AND j.account_ids IS NULL THEN DELETE
WHEN MATCHED THEN UPDATE SET account_ids = j.account_ids, scores = j.scores, reached_at = j.reached_at
WHEN NOT MATCHED THEN
    INSERT (day, board, first_rank, period_start, account_ids, scores, reached_at)
    VALUES (j.day, j.board, j.first_rank, j.period_start, j.account_ids, j.scores, j.reached_at)
