-- Who may stand elsewhere on boards up to :last_day. Who has no entries is on none.
SELECT l.member_id, p.account_id
FROM community.late_members AS l
INNER JOIN community.member_points AS p ON l.member_id = p.member_id
WHERE l.boards_from <= :last_day
ORDER BY l.member_id
