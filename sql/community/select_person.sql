-- What identifies a member, found by member id, or else by a Discord account: whose it is, or else was. It is
-- shared where somebody else has it now.
WITH known AS (
    SELECT a.member_id, a.discord_id, NULL AS discord_username FROM community.accounts AS a
    WHERE a.erased_at IS NULL
    UNION
    SELECT m.member_id, m.discord_id, m.discord_username FROM community.members AS m
    UNION
    SELECT g.member_id, g.discord_id, NULL FROM community.removed_members AS g
    UNION
    SELECT r.member_id, r.discord_id, NULL FROM community.mee6_leaderboard_snapshot AS r
),

found AS (
    SELECT k.member_id, 1 AS place FROM known AS k
    WHERE k.member_id = :wanted
    UNION ALL
    SELECT m.member_id, 2 FROM community.members AS m
    WHERE m.discord_id::text = :wanted
    UNION ALL
    SELECT k.member_id, 3 FROM known AS k
    WHERE k.discord_id::text = :wanted
),

wanted AS (
    SELECT DISTINCT f.member_id FROM found AS f
    WHERE f.place = (SELECT min(o.place) FROM found AS o)
)

SELECT
    k.member_id,
    k.discord_id,
    k.discord_username,
    EXISTS (
        SELECT 1 FROM community.members AS m
        WHERE m.discord_id = k.discord_id AND m.member_id <> k.member_id
    ) OR EXISTS (
        SELECT 1 FROM community.xp_states AS s
        WHERE s.discord_id = k.discord_id AND s.member_id <> k.member_id
    ) AS is_shared
FROM known AS k
INNER JOIN wanted AS w ON k.member_id = w.member_id
ORDER BY k.member_id, k.discord_id
