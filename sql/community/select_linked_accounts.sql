-- Linked accounts. No parameters, no order: the database sends it as one binary copy.
SELECT m.discord_id, m.member_id
FROM community.members AS m
WHERE m.discord_id IS NOT NULL
