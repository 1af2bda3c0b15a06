-- Members who claim a Discord account that another claims too; a table of ours has none.
SELECT m.member_id
FROM community.members AS m
WHERE
    m.discord_id IN (
        SELECT c.discord_id FROM community.members AS c
        WHERE c.discord_id IS NOT NULL
        GROUP BY c.discord_id
        HAVING count(DISTINCT c.member_id) > 1
    )
ORDER BY m.member_id
