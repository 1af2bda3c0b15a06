-- What the accepted syncs know of every account. No parameters, no order: sent as one binary copy.
SELECT
    s.discord_id,
    s.member_id,
    s.xp,
    s.is_present,
    s.last_sync_id,
    s.level,
    s.message_count,
    s.is_linked,
    s.confirmed_sync_id IS NULL AS is_confirmed
FROM community.xp_states AS s
