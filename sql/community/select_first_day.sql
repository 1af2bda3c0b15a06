-- First day with points. $1: nothing before this day counts.
SELECT min(l.effective_on) AS day
FROM community.point_ledger AS l
WHERE l.effective_on >= $1
