-- Where the accounts of one sync stand now: the same account and member goes on, else it starts anew.
-- $1: sync_id.
INSERT INTO community.xp_states AS s (
    discord_id, member_id, last_sync_id, is_present, xp, baseline_xp, whole_total, carry
)
SELECT
    d.discord_id, d.member_id, d.sync_id, d.kind <> 'absent', d.xp_total, d.baseline_xp, d.whole, d.carry_after
FROM community.xp_deltas AS d
WHERE d.sync_id = $1
ORDER BY d.discord_id
ON CONFLICT (discord_id) DO UPDATE SET
    member_id = excluded.member_id,
    last_sync_id = excluded.last_sync_id,
    is_present = excluded.is_present,
    xp = CASE WHEN s.member_id = excluded.member_id THEN coalesce(excluded.xp, s.xp) ELSE excluded.xp END,
    baseline_xp = excluded.baseline_xp,
    whole_total = CASE
        WHEN s.member_id = excluded.member_id AND s.xp IS NOT NULL THEN s.whole_total ELSE 0
    END + excluded.whole_total,
    carry = excluded.carry
