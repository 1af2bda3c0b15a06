-- Accounts that several members claim: possible where the members are a view.
SELECT m.discord_id
FROM community.members AS m
WHERE m.discord_id IS NOT NULL
GROUP BY m.discord_id
HAVING count(*) > 1
ORDER BY m.discord_id
