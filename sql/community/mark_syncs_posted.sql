-- $1: sync ids.
UPDATE community.mee6_syncs SET posted_at = clock_timestamp()
WHERE sync_id = any($1::bigint[]) AND posted_at IS NULL
