-- Final scores of a period, from the ledger itself; a score of 0 is in no archive.
SELECT
    l.member_id,
    sum(l.points)::bigint AS score,
    max(l.effective_at) FILTER (WHERE l.points > 0 AND l.action <> 'admin_adjustment') AS reached_at
FROM community.point_ledger AS l
INNER JOIN community.members AS m ON l.member_id = m.member_id
WHERE
    l.effective_on BETWEEN :first_day AND :last_day
    AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
GROUP BY l.member_id
HAVING sum(l.points) <> 0
