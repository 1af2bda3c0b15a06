-- Who was linked and is not any more: what was known of them ends. In a whole reading every linked account has a
-- row, confirmed or not; in one kept as changes those have one that are not linked any more.
WITH gone AS (
    SELECT s.discord_id, s.account_id, s.xp IS NOT NULL OR s.is_never_present AS is_known
    FROM community.xp_states AS s
    WHERE
        :is_whole AND s.is_linked
        AND NOT EXISTS (
            SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
            WHERE r.sync_id = :sync_id AND r.discord_id = s.discord_id
        )
    UNION ALL
    SELECT s.discord_id, s.account_id, s.xp IS NOT NULL OR s.is_never_present
    FROM community.mee6_leaderboard_snapshot AS r
    INNER JOIN community.xp_states AS s ON r.discord_id = s.discord_id
    WHERE NOT :is_whole AND r.sync_id = :sync_id AND NOT r.is_linked
),

ended AS (
    UPDATE community.xp_states AS s SET
        last_sync_id = CASE WHEN g.is_known THEN :sync_id ELSE s.last_sync_id END,
        is_present = FALSE,
        is_never_present = FALSE,
        xp = NULL,
        baseline_xp = NULL,
        whole_total = 0,
        carry = 0,
        is_linked = FALSE
    FROM gone AS g
    WHERE s.discord_id = g.discord_id
)

INSERT INTO community.xp_deltas (
    sync_id, account_id, kind, is_flagged, carry_before, whole, carry_after
)
SELECT :sync_id, g.account_id, 'unlinked', FALSE, 0, 0, 0
FROM gone AS g
WHERE g.is_known
