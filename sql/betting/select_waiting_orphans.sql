-- Orphans that were seen and are not deleted yet.
SELECT o.object_key, o.size_bytes, o.first_seen_at, o.last_seen_at
FROM betting.media_orphans AS o
WHERE o.deleted_at IS NULL
