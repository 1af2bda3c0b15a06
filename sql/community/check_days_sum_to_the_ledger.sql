-- Member-days that differ from the ledger although nothing has arrived since they were computed.
WITH fresh AS (
    SELECT d.day FROM community.days AS d
    WHERE NOT d.is_points_stale
),

sums AS (
    SELECT a.member_id, l.effective_on AS day, sum(l.points)::bigint AS points
    FROM community.point_ledger AS l
    INNER JOIN community.accounts AS a ON l.account_id = a.account_id
    INNER JOIN fresh AS f ON l.effective_on = f.day
    GROUP BY a.member_id, l.effective_on
),

days AS (
    SELECT p.member_id, p.day, p.points
    FROM community.daily_points AS p
    INNER JOIN fresh AS f ON p.day = f.day
)

SELECT
    coalesce(p.day, s.day) AS day,
    coalesce(p.member_id, s.member_id) AS member_id,
    coalesce(p.points, 0) AS points,
    coalesce(s.points, 0) AS ledger_points
FROM days AS p
FULL JOIN sums AS s ON p.member_id = s.member_id AND p.day = s.day
WHERE coalesce(p.points, 0) <> coalesce(s.points, 0)
ORDER BY day, member_id
