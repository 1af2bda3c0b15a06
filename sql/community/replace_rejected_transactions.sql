-- Set aside what is staged and nothing else: all that was set aside has been looked at again.
-- Staged: staged_rejections(transaction_id, reason, member_id, points)
WITH gone AS (
    DELETE FROM community.rejected_transactions AS r
    WHERE NOT EXISTS (
        SELECT 1 FROM staged_rejections AS s
        WHERE s.transaction_id = r.transaction_id
    )
)

INSERT INTO community.rejected_transactions (transaction_id, reason, member_id, points, first_seen_at)
SELECT s.transaction_id, s.reason, s.member_id, s.points, :now
FROM staged_rejections AS s
ON CONFLICT (transaction_id) DO UPDATE
    SET reason = excluded.reason, member_id = excluded.member_id, points = excluded.points
