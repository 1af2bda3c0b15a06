-- Final scores of a period, from the ledger itself; a score of 0 is in no archive.
SELECT
    m.member_id,
    sum(l.points)::bigint AS score,
    max(l.effective_at) FILTER (WHERE l.points > 0 AND l.action <> 'admin_adjustment') AS reached_at
FROM community.point_ledger AS l
INNER JOIN community.accounts AS a ON l.account_id = a.account_id
INNER JOIN community.members AS m ON a.member_id = m.member_id
WHERE
    l.effective_on BETWEEN :first_day AND :last_day
    AND m.subscription_status IN ('ACTIVE', 'TRIALING') AND m.leaderboard_visible
GROUP BY m.member_id
HAVING sum(l.points) <> 0
