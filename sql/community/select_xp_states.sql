-- What the accepted syncs know of every account. No parameters, no order: sent as one binary copy.
SELECT s.discord_id, s.member_id, s.xp, s.is_present, s.last_sync_id
FROM community.xp_states AS s
