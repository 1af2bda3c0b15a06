-- $1: sync id, $2: accepted or discarded, $3: as a new baseline, $4: when, $5: by which way, $6: why.
UPDATE community.mee6_syncs
SET status = $2, is_rebaseline = $3, reviewed_at = $4, reviewed_by = $5, review_reason = $6
WHERE sync_id = $1
