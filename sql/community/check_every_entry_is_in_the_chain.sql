-- Entries that came into the ledger without a digest.
SELECT l.entry_id, l.account_id, l.points, l.recorded_at
FROM community.point_ledger AS l
WHERE
    NOT EXISTS (
        SELECT 1 FROM community.ledger_batches AS b
        WHERE l.entry_id BETWEEN b.first_entry_id AND b.last_entry_id
    )
ORDER BY l.entry_id
