-- Who was linked and is not any more: what was known of them ends. Every linked account has a row in a
-- reading, confirmed or not.
INSERT INTO community.xp_deltas (
    sync_id, account_id, kind, is_flagged, carry_before, whole, carry_after
)
SELECT :sync_id, s.account_id, 'unlinked', FALSE, 0, 0, 0
FROM community.xp_states AS s
WHERE
    (s.xp IS NOT NULL OR s.is_never_present)
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
        WHERE r.sync_id = :sync_id AND r.discord_id = s.discord_id
    )
