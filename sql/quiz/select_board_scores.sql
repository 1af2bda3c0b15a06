-- XP that every player earned from :begins_at up to and including :as_of, and how they stand on :board.
WITH gained AS (
    SELECT
        e.user_id,
        sum(e.amount)::bigint AS score,
        max(e.earned_at) FILTER (WHERE e.amount > 0) AS reached_at
    FROM quiz.xp_events AS e
    WHERE e.earned_at >= :begins_at AND e.earned_at <= :as_of
    GROUP BY e.user_id
)

SELECT
    u.id AS member_id,
    coalesce(g.score, 0) AS score,
    g.reached_at,
    r.rank AS standing_rank,
    r.score AS standing_score,
    r.reached_at AS standing_reached_at
FROM quiz.users AS u
LEFT JOIN gained AS g ON u.id = g.user_id
LEFT JOIN quiz.leaderboard_rankings AS r ON r.board = :board AND u.id = r.user_id
WHERE u.deleted_at IS NULL
