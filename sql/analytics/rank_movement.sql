-- Today's weekly board and how far everyone moved since yesterday (positive: up).
WITH latest AS (
    SELECT max(r.day) AS day FROM community.leaderboard_rankings AS r
)

SELECT
    r.rank,
    r.member_id,
    r.score,
    y.rank - r.rank AS moved
FROM community.leaderboard_rankings AS r
INNER JOIN latest AS l ON r.day = l.day
LEFT JOIN community.leaderboard_rankings AS y
    ON r.board = y.board AND r.member_id = y.member_id AND y.day = l.day - 1
WHERE r.board = 'weekly'
ORDER BY r.rank
