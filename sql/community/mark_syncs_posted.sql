-- The deltas of these syncs are in the ledger.
UPDATE community.mee6_syncs SET posted_at = clock_timestamp()
WHERE sync_id = any(:sync_ids::bigint[]) AND posted_at IS NULL
