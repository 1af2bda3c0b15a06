-- A member leaves, named by the member's id or by the Discord account. What stays says that the account is not
-- enrolled again, and whose points it comes back to.
WITH gone AS (
    DELETE FROM community.members AS d
    WHERE
        d.member_id = (
            SELECT m.member_id FROM community.members AS m
            WHERE m.member_id = :id OR m.discord_id::text = :id
            ORDER BY m.member_id = :id DESC
            LIMIT 1
        )
    RETURNING d.member_id, d.discord_id
),

kept AS (
    INSERT INTO community.removed_members (member_id, discord_id, removed_at)
    SELECT g.member_id, g.discord_id, :now FROM gone AS g
    ON CONFLICT (member_id) DO UPDATE
        SET
            discord_id = excluded.discord_id,
            removed_at = excluded.removed_at
)

SELECT
    g.member_id,
    coalesce(p.total, 0) AS points
FROM gone AS g
LEFT JOIN community.member_points AS p ON g.member_id = p.member_id
