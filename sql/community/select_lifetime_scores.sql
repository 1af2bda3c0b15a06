-- Scores of a lifetime as :day ended. They are today's balances less what came later, so the cost does not
-- grow with history; the days before are looked at only where something came later. What came later is asked
-- of the ledger, which moves with the balance. A score of 0 is on no board.
WITH later AS MATERIALIZED (
    SELECT a.member_id, sum(l.points)::bigint AS points
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    WHERE l.effective_on > :day::date
    GROUP BY a.member_id
),

until AS MATERIALIZED (
    SELECT p.member_id, max(p.last_active_at) AS last_active_at
    FROM community.daily_points AS p
    WHERE EXISTS (SELECT 1 FROM later) AND p.day <= :day::date AND p.last_active_at IS NOT NULL
    GROUP BY p.member_id
),

scores AS (
    SELECT
        t.member_id,
        t.total - coalesce(l.points, 0) AS score,
        CASE WHEN l.member_id IS NULL THEN t.last_active_at ELSE u.last_active_at END AS reached_at
    FROM community.member_points AS t
    LEFT JOIN later AS l ON t.member_id = l.member_id
    LEFT JOIN until AS u ON t.member_id = u.member_id
)

SELECT s.member_id, s.score, s.reached_at
FROM scores AS s
INNER JOIN community.members AS m ON s.member_id = m.member_id
WHERE s.score <> 0 AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
