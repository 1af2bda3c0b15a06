-- First day with points. Nothing before :start_on counts.
SELECT min(l.effective_on) AS day
FROM community.point_ledger AS l
WHERE l.effective_on >= :start_on
