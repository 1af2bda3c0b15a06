-- Members whose balance is not the sum of their entries, or is filed under somebody else's account.
WITH sums AS (
    SELECT a.member_id, sum(l.points)::bigint AS total
    FROM community.point_ledger AS l
    LEFT JOIN community.accounts AS a ON l.account_id = a.account_id
    GROUP BY a.member_id
)

SELECT coalesce(p.member_id, s.member_id) AS member_id, p.total AS balance, s.total AS ledger_sum
FROM community.member_points AS p
FULL JOIN sums AS s ON p.member_id = s.member_id
LEFT JOIN community.accounts AS a ON p.account_id = a.account_id
WHERE p.total IS DISTINCT FROM s.total OR p.member_id IS DISTINCT FROM a.member_id
ORDER BY member_id
