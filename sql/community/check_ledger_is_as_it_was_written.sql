-- Batches whose entries no longer give the digest that was taken when they were written, first one first.
WITH entries AS (
    SELECT
        b.batch_id,
        count(l.entry_id) AS entries,
        string_agg(
            community.digest_entry(l.entry_id, l.account_id, l.action, l.points, l.effective_at, l.source_key),
            ''::bytea ORDER BY l.entry_id
        ) AS digests
    FROM community.ledger_batches AS b
    LEFT JOIN community.point_ledger AS l ON l.entry_id BETWEEN b.first_entry_id AND b.last_entry_id
    GROUP BY b.batch_id
),

chain AS (
    SELECT
        b.batch_id,
        b.first_entry_id,
        b.last_entry_id,
        b.entries,
        b.recorded_at,
        b.digest,
        lag(b.digest) OVER (ORDER BY b.batch_id) AS previous
    FROM community.ledger_batches AS b
)

SELECT c.batch_id, c.first_entry_id, c.last_entry_id, c.recorded_at, c.entries, e.entries AS entries_now
FROM chain AS c
INNER JOIN entries AS e ON c.batch_id = e.batch_id
WHERE
    c.entries <> e.entries
    OR c.digest IS DISTINCT FROM operations.chain_digest(c.previous, e.digests)
ORDER BY c.batch_id
