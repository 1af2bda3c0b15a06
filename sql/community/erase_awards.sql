-- The app's awards to a member, in a table of ours: they are in the ledger, or never will be.
WITH gone AS (
    DELETE FROM community.point_transactions
    WHERE member_id = :member_id
    RETURNING 1
)

SELECT count(*) AS changed FROM gone
