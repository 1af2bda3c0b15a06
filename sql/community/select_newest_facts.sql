-- Up to where days can be computed now. Syncs get their deltas and the ledger its entries in the order of their keys.
SELECT
    coalesce((
        SELECT max(s.sync_id) FROM community.mee6_syncs AS s
        WHERE s.deltas_at IS NOT NULL
    ), 0) AS last_sync_id,
    coalesce((SELECT max(l.entry_id) FROM community.point_ledger AS l), 0) AS last_entry_id
