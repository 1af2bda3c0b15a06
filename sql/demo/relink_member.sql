-- A member links another Discord account. $1: member, $2: the account.
UPDATE community.members SET discord_id = $2
WHERE member_id = $1
