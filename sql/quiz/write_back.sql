-- Give the app the scores and ranks of everybody who is on a board; how many of its rows it changed.
WITH players AS (
    SELECT
        r.user_id,
        coalesce(max(r.score) FILTER (WHERE r.board = 'global'), 0) AS global_score,
        max(r.rank) FILTER (WHERE r.board = 'global') AS global_rank,
        coalesce(max(r.score) FILTER (WHERE r.board = 'weekly'), 0) AS weekly_score,
        max(r.rank) FILTER (WHERE r.board = 'weekly') AS weekly_rank
    FROM quiz.leaderboard_rankings AS r
    WHERE r.board IN ('global', 'weekly')
    GROUP BY r.user_id
    HAVING bool_or(r.rank IS NOT NULL)
)

SELECT count(*) AS written
FROM quiz.write_back_rankings(
    (
        SELECT
            array_agg(
                row(p.user_id, p.global_score, p.global_rank, p.weekly_score, p.weekly_rank)::quiz.player_figures
                ORDER BY p.user_id
            )
        FROM players AS p
    )
)
