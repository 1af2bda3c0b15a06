-- A board as it is published: ids, no names. $1: board.
SELECT r.rank, r.user_id::text AS member_id, r.score
FROM quiz.leaderboard_rankings AS r
WHERE r.board = $1 AND r.rank IS NOT NULL
ORDER BY r.rank
