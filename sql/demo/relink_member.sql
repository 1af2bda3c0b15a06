-- A member links another Discord account.
UPDATE community.members SET discord_id = :discord_id
WHERE member_id = :member_id
