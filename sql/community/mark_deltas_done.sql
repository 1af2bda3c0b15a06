-- $1: sync_id.
UPDATE community.mee6_syncs SET deltas_at = clock_timestamp()
WHERE sync_id = $1 AND deltas_at IS NULL
