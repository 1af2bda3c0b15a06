-- Linked accounts; one that several members claim counts for none of them. No parameters, no order: the
-- database sends it as one binary copy.
SELECT m.discord_id, min(m.member_id) AS member_id
FROM community.members AS m
WHERE m.discord_id > 0
GROUP BY m.discord_id
HAVING count(*) = 1 AND min(m.member_id) IS NOT NULL
