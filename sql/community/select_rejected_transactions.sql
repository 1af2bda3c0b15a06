-- Awards of the app that are set aside, oldest first.
SELECT r.transaction_id, r.reason
FROM community.rejected_transactions AS r
ORDER BY r.first_seen_at, r.transaction_id
