-- Who may stand elsewhere on boards up to :last_day.
SELECT l.member_id
FROM community.late_members AS l
WHERE l.boards_from <= :last_day
ORDER BY l.member_id
