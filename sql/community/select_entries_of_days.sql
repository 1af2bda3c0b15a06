-- Ledger entries that count for days from $1 to $2.
SELECT l.member_id, l.effective_on AS day, l.action, l.points, l.effective_at
FROM community.point_ledger AS l
WHERE l.effective_on BETWEEN $1 AND $2
