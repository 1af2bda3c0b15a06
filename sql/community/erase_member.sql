-- The app's row of a member, in a table of ours.
WITH gone AS (
    DELETE FROM community.members
    WHERE member_id = :member_id
    RETURNING 1
)

SELECT count(*) AS changed FROM gone
