-- Linked accounts and what the last accepted sync knew of them. No parameters: read by COPY.
SELECT
    m.discord_id,
    m.member_id,
    s.xp AS last_xp,
    s.is_present
FROM community.members AS m
LEFT JOIN community.xp_states AS s ON m.discord_id = s.discord_id AND m.member_id = s.member_id
WHERE m.discord_id IS NOT NULL
ORDER BY m.discord_id
