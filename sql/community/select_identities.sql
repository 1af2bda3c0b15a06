-- All who are known by whatever table, to be compared with who was erased.
SELECT a.member_id, a.discord_id FROM community.accounts AS a
WHERE a.erased_at IS NULL
UNION
SELECT m.member_id, m.discord_id FROM community.members AS m
UNION
SELECT r.member_id, r.discord_id FROM community.mee6_leaderboard_snapshot AS r
UNION
SELECT g.member_id, g.discord_id FROM community.removed_members AS g
