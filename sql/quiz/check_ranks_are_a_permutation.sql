-- Ranks follow the scores without a gap: each is the position that its row has on its board.
WITH ranked AS (
    SELECT
        r.board,
        r.user_id,
        r.rank,
        row_number() OVER (
            PARTITION BY r.board ORDER BY r.score DESC, r.reached_at DESC NULLS LAST, r.user_id ASC
        ) AS position
    FROM quiz.leaderboard_rankings AS r
    WHERE r.rank IS NOT NULL
)

SELECT r.board, r.user_id, r.rank, r.position
FROM ranked AS r
WHERE r.rank <> r.position
ORDER BY r.board, r.position
