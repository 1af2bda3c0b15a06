-- What the accepted syncs know of every account that stayed linked. No parameters, no order: sent as one binary copy.
SELECT s.discord_id, s.member_id, s.xp, s.is_present
FROM community.xp_states AS s
WHERE s.is_linked
