-- Where accounts stand after a sync.
-- Staged: staged_xp_states(discord_id, member_id, account_id, last_sync_id, is_present, is_never_present, xp,
-- baseline_xp, whole_total, carry, level, message_count, confirmed_sync_id)
INSERT INTO community.xp_states (
    discord_id, member_id, account_id, last_sync_id, is_present, is_never_present, xp, baseline_xp, whole_total, carry,
    level, message_count, confirmed_sync_id
)
SELECT
    s.discord_id, s.member_id, s.account_id, s.last_sync_id, s.is_present, s.is_never_present, s.xp, s.baseline_xp, s.whole_total, s.carry,
    s.level, s.message_count, s.confirmed_sync_id
FROM staged_xp_states AS s
ORDER BY s.discord_id
ON CONFLICT (discord_id) DO UPDATE SET
    member_id = excluded.member_id,
    account_id = excluded.account_id,
    last_sync_id = excluded.last_sync_id,
    is_present = excluded.is_present,
    is_never_present = excluded.is_never_present,
    xp = excluded.xp,
    baseline_xp = excluded.baseline_xp,
    whole_total = excluded.whole_total,
    carry = excluded.carry,
    level = excluded.level,
    message_count = excluded.message_count,
    is_linked = excluded.is_linked,
    confirmed_sync_id = excluded.confirmed_sync_id
