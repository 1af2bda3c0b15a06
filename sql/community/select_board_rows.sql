-- A board as it is published: ids, no names. Movement is that of current_leaderboards.
SELECT r.rank, r.member_id, r.score, r.rank_before - r.rank AS movement
FROM leaderboards.boards AS b
CROSS JOIN LATERAL community.compare_ranks(b.day, b.board) AS r
WHERE b.domain = 'community' AND b.board = :board
ORDER BY r.rank
