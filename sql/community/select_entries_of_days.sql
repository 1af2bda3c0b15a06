-- Ledger entries that count for days from :first_day to :last_day.
SELECT l.member_id, l.effective_on AS day, l.action, l.points, l.effective_at
FROM community.point_ledger AS l
WHERE l.effective_on BETWEEN :first_day AND :last_day
