-- Who is not known yet gets a key.
-- Staged: staged_accounts(member_id, discord_id)
INSERT INTO community.accounts (member_id, discord_id)
SELECT DISTINCT s.member_id, s.discord_id
FROM staged_accounts AS s
WHERE
    NOT EXISTS (
        SELECT 1 FROM community.accounts AS a
        WHERE a.member_id = s.member_id AND a.discord_id IS NOT DISTINCT FROM s.discord_id AND a.erased_at IS NULL
    )
ORDER BY s.member_id, s.discord_id
ON CONFLICT (member_id, discord_id) WHERE erased_at IS NULL DO NOTHING
