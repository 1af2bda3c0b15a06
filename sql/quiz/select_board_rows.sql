-- A board as it is published: ids, no names.
SELECT r.rank, r.user_id AS member_id, r.score
FROM quiz.leaderboard_rankings AS r
WHERE r.board = :board AND r.rank IS NOT NULL
ORDER BY r.rank
