-- The audit accepts a sync or sets it aside (quarantined); one that is judged already stays as it is.
UPDATE community.mee6_syncs SET status = :status, audit = :audit::jsonb
WHERE sync_id = :sync_id AND status = 'staged'
