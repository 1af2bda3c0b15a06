-- Ranks that are not the position their score gives them, and members who are on a board twice.
SELECT r.day, r.board, r.rank, r.member_id, r.score, r.position, r.times
FROM (
    SELECT
        b.day,
        b.board,
        b.rank,
        b.member_id,
        b.score,
        row_number() OVER (
            PARTITION BY b.day, b.board ORDER BY b.score DESC, b.reached_at DESC NULLS LAST, b.member_id ASC
        ) AS position,
        count(*) OVER (PARTITION BY b.day, b.board, b.member_id) AS times
    FROM community.leaderboard_rankings AS b
) AS r
WHERE r.rank <> r.position OR r.times > 1
ORDER BY r.day, r.board, r.rank
