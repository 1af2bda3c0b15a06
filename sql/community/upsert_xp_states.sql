-- Where the accounts of one sync stand now: the same account and member goes on, else it starts again.
INSERT INTO community.xp_states (
    discord_id, member_id, account_id, last_sync_id, is_present, is_never_present, xp, baseline_xp, whole_total, carry
)
SELECT
    a.discord_id,
    a.member_id,
    d.account_id,
    d.sync_id,
    d.kind NOT IN ('absent', 'unlinked'),
    d.kind = 'absent' AND coalesce(o.is_never_present, TRUE),
    CASE WHEN d.baseline_xp IS NOT NULL THEN coalesce(d.xp_total, s.xp) END,
    d.baseline_xp,
    d.whole + CASE WHEN d.kind = 'baseline' OR d.baseline_xp IS NULL OR s.xp IS NULL THEN 0 ELSE s.whole_total END,
    d.carry_after
FROM community.xp_deltas AS d
INNER JOIN community.accounts AS a ON d.account_id = a.account_id
LEFT JOIN community.xp_states AS o ON a.discord_id = o.discord_id
LEFT JOIN community.xp_states AS s ON a.discord_id = s.discord_id AND d.account_id = s.account_id
WHERE d.sync_id = :sync_id AND a.discord_id IS NOT NULL
ORDER BY a.discord_id
ON CONFLICT (discord_id) DO UPDATE SET
    member_id = excluded.member_id,
    account_id = excluded.account_id,
    last_sync_id = excluded.last_sync_id,
    is_present = excluded.is_present,
    is_never_present = excluded.is_never_present,
    xp = excluded.xp,
    baseline_xp = excluded.baseline_xp,
    whole_total = excluded.whole_total,
    carry = excluded.carry
