-- XP of a lifetime of every player, and how they stand on the global board.
SELECT
    u.id AS member_id,
    coalesce(p.xp, 0) AS score,
    CASE WHEN isfinite(p.last_xp_at) THEN p.last_xp_at END AS reached_at,
    r.rank AS standing_rank,
    r.score AS standing_score,
    r.reached_at AS standing_reached_at
FROM quiz.users AS u
LEFT JOIN quiz.player_progress AS p ON u.id = p.user_id
LEFT JOIN quiz.leaderboard_rankings AS r ON r.board = 'global' AND u.id = r.user_id
WHERE u.deleted_at IS NULL
