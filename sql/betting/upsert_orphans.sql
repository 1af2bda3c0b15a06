-- The orphans as they are staged; one that was deleted and came back begins again.
-- Staged: staged_orphans(object_key, first_seen_at, last_seen_at, size_bytes, deleted_at)
INSERT INTO betting.media_orphans (object_key, first_seen_at, last_seen_at, size_bytes, deleted_at)
SELECT s.object_key, s.first_seen_at, s.last_seen_at, s.size_bytes, s.deleted_at
FROM staged_orphans AS s
ORDER BY s.object_key
ON CONFLICT (object_key) DO UPDATE SET
    first_seen_at = excluded.first_seen_at,
    last_seen_at = excluded.last_seen_at,
    size_bytes = excluded.size_bytes,
    deleted_at = excluded.deleted_at
