-- Up to where days can be computed now, and up to where :day was (NULL: never). Syncs get their deltas and the
-- ledger its entries in the order of their keys.
SELECT
    coalesce((
        SELECT max(s.sync_id) FROM community.mee6_syncs AS s
        WHERE s.deltas_at IS NOT NULL
    ), 0) AS last_sync_id,
    coalesce((SELECT max(l.entry_id) FROM community.point_ledger AS l), 0) AS last_entry_id,
    c.last_sync_id AS counted_sync_id,
    c.last_entry_id AS counted_entry_id
FROM (VALUES (:day::date)) AS w (day)
LEFT JOIN community.counted_days AS c ON w.day = c.day
