-- Today's weekly board and how far everyone moved since yesterday (positive: up).
SELECT
    b.rank,
    b.member_id,
    b.score,
    b.movement AS moved
FROM community.current_leaderboards AS b
WHERE b.board = 'weekly'
ORDER BY b.rank
