-- The keys of members, or of members and their Discord accounts.
-- Staged: staged_accounts(member_id, discord_id)
SELECT a.member_id, a.discord_id, a.account_id
FROM staged_accounts AS s
INNER JOIN community.accounts AS a
    ON s.member_id = a.member_id AND s.discord_id IS NOT DISTINCT FROM a.discord_id AND a.erased_at IS NULL
