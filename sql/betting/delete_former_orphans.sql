-- What waited and is not staged is referred to again, or somebody else took it.
-- Staged: staged_orphans(object_key)
DELETE FROM betting.media_orphans AS o
WHERE
    o.deleted_at IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM staged_orphans AS s
        WHERE s.object_key = o.object_key
    )
