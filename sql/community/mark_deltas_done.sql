-- The deltas of a sync are written once.
UPDATE community.mee6_syncs SET deltas_at = clock_timestamp()
WHERE sync_id = :sync_id AND deltas_at IS NULL
