-- Ranks that are not the position their score gives them, and members who are on a board twice. Who was erased
-- keeps the rank of the name they had.
SELECT r.day, r.board, r.rank, r.member_id, r.score, r.position, r.times, r.ahead
FROM (
    SELECT
        b.day,
        b.board,
        b.rank,
        b.member_id,
        b.score,
        row_number() OVER (
            PARTITION BY b.day, b.board ORDER BY b.score DESC, b.reached_at DESC NULLS LAST, b.rank ASC
        ) AS position,
        lag(b.member_id) OVER (PARTITION BY b.day, b.board, b.score, b.reached_at ORDER BY b.rank) AS ahead,
        count(*) OVER (PARTITION BY b.day, b.board, b.member_id) AS times
    FROM community.leaderboard_rankings AS b
) AS r
WHERE
    r.rank <> r.position OR r.times > 1
    OR (r.ahead > r.member_id AND r.ahead !~ '^erased-' AND r.member_id !~ '^erased-')
ORDER BY r.day, r.board, r.rank
