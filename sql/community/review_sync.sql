-- What a person decided: :status is accepted or discarded, :reviewed_by the way it came.
UPDATE community.mee6_syncs
SET status = :status, is_rebaseline = :is_rebaseline, reviewed_at = :now, reviewed_by = :reviewed_by, review_reason = :reason
WHERE sync_id = :sync_id
