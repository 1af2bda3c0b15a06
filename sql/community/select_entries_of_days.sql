-- Ledger entries that count for days from :first_day to :last_day, none after :last_entry_id.
SELECT a.member_id, l.effective_on AS day, l.action, l.points, l.effective_at
FROM community.point_ledger AS l
INNER JOIN community.accounts AS a ON l.account_id = a.account_id
WHERE l.effective_on BETWEEN :first_day AND :last_day AND l.entry_id <= :last_entry_id
