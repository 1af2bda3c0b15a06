-- XP of a lifetime of every player, and how they stand on the global board; who left and still stands there as well.
WITH present AS (
    SELECT a.id FROM quiz.users AS a
    WHERE a.deleted_at IS NULL
),

standing AS (
    SELECT b.user_id, b.rank, b.score, b.reached_at
    FROM quiz.leaderboard_rankings AS b
    WHERE b.board = 'global'
)

SELECT
    coalesce(u.id, r.user_id) AS member_id,
    u.id IS NOT NULL AS is_present,
    coalesce(p.xp, 0) AS score,
    CASE WHEN isfinite(p.last_xp_at) THEN p.last_xp_at END AS reached_at,
    r.rank AS standing_rank,
    r.score AS standing_score,
    r.reached_at AS standing_reached_at
FROM present AS u
LEFT JOIN quiz.player_progress AS p ON u.id = p.user_id
FULL JOIN standing AS r ON u.id = r.user_id
