-- Whole points' worth of XP that these syncs brought.
SELECT d.sync_id, s.synced_at, d.account_id, d.xp_delta, d.whole
FROM community.xp_deltas AS d
INNER JOIN community.mee6_syncs AS s ON d.sync_id = s.sync_id
WHERE d.sync_id = any(:sync_ids::bigint[]) AND d.whole <> 0
ORDER BY d.sync_id, d.account_id
