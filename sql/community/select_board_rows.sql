-- A board as it is published: ids, no names. Movement is that of current_leaderboards, by a sort: right after
-- a day is ranked nothing is known of how its rows are spread, and a join of two days may then compare
-- everyone with everyone.
WITH standing AS MATERIALIZED (
    SELECT b.day FROM leaderboards.boards AS b
    WHERE b.domain = 'community' AND b.board = :board
),

both_days AS (
    SELECT
        r.day,
        r.rank,
        r.member_id,
        r.score,
        lag(r.rank) OVER (PARTITION BY r.member_id, r.period_start ORDER BY r.day) - r.rank AS movement
    FROM community.leaderboard_rankings AS r
    WHERE
        r.board = :board
        AND r.day BETWEEN (SELECT s.day - 1 FROM standing AS s) AND (SELECT s.day FROM standing AS s)
)

SELECT d.rank, d.member_id, d.score, d.movement
FROM both_days AS d
WHERE d.day = (SELECT s.day FROM standing AS s)
ORDER BY d.rank
