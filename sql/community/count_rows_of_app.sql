-- What the app still says of a member, in views over its own tables.
SELECT
    (
        SELECT count(*) FROM community.members AS m
        WHERE m.member_id = :member_id
    ) + (
        SELECT count(*) FROM community.point_transactions AS t
        WHERE t.member_id = :member_id
    ) AS rows_left
