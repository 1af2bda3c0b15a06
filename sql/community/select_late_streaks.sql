-- Whose streaks up to :last_day may not follow from their days, and from which day on.
SELECT l.member_id, l.streaks_from AS day
FROM community.late_members AS l
WHERE l.streaks_from <= :last_day
ORDER BY l.member_id
