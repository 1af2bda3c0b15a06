-- Scores of a period that began on :period_start, as :day ended. A score of 0 is on no board.
WITH scores AS (
    SELECT p.member_id, sum(p.points)::bigint AS score, max(p.last_active_at) AS reached_at
    FROM community.daily_points AS p
    WHERE p.day BETWEEN :period_start::date AND :day::date
    GROUP BY p.member_id
)

SELECT s.member_id, s.score, s.reached_at
FROM scores AS s
INNER JOIN community.members AS m ON s.member_id = m.member_id
WHERE s.score <> 0 AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
