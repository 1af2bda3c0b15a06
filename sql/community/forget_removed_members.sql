-- Who is a member again was not removed.
DELETE FROM community.removed_members AS r
WHERE
    EXISTS (
        SELECT 1 FROM community.members AS m
        WHERE m.member_id = r.member_id
    )
    OR EXISTS (
        SELECT 1 FROM community.members AS m
        WHERE m.discord_id = r.discord_id
    )
