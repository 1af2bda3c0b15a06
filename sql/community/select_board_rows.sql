-- A board as it is published: ids, no names. $1: board.
-- Of the day the board stands for: where nobody is ranked any more, the view shows an earlier one.
SELECT c.rank, c.member_id, c.score, c.movement
FROM community.current_leaderboards AS c
INNER JOIN leaderboards.boards AS b ON b.domain = 'community' AND c.board = b.board AND c.day = b.day
WHERE c.board = $1
ORDER BY c.rank
