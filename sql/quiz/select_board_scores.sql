-- XP that every player earned from :begins_at up to and including :as_of, and how they stand on :board; who left
-- and still stands there as well.
WITH gained AS (
    SELECT
        e.user_id,
        sum(e.amount)::bigint AS score,
        max(e.earned_at) FILTER (WHERE e.amount > 0) AS reached_at
    FROM quiz.xp_events AS e
    WHERE e.earned_at >= :begins_at AND e.earned_at <= :as_of
    GROUP BY e.user_id
),

present AS (
    SELECT a.id FROM quiz.users AS a
    WHERE a.deleted_at IS NULL
),

standing AS (
    SELECT b.user_id, b.rank, b.score, b.reached_at
    FROM quiz.leaderboard_rankings AS b
    WHERE b.board = :board
)

SELECT
    coalesce(u.id, r.user_id) AS member_id,
    u.id IS NOT NULL AS is_present,
    coalesce(g.score, 0) AS score,
    g.reached_at,
    r.rank AS standing_rank,
    r.score AS standing_score,
    r.reached_at AS standing_reached_at
FROM present AS u
LEFT JOIN gained AS g ON u.id = g.user_id
FULL JOIN standing AS r ON u.id = r.user_id
