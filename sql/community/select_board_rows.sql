-- A board as it is published: ids, no names. $1: board.
SELECT b.rank, b.member_id, b.score, b.reached_at, b.movement
FROM community.current_leaderboards AS b
WHERE b.board = $1
ORDER BY b.rank
