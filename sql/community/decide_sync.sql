-- $1: sync_id, $2: accepted or quarantined, $3: audit as JSON.
UPDATE community.mee6_syncs SET status = $2, audit = $3::jsonb
WHERE sync_id = $1 AND status = 'staged'
