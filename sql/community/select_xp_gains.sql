-- XP gained on days from :first_day to :last_day. A sync covers the time before it, so 00:00 counts for the
-- day before. None after :last_sync_id.
SELECT
    a.member_id,
    (to_timestamp(d.sync_id - 1) AT TIME ZONE 'UTC')::date AS day,
    d.xp_delta
FROM community.xp_deltas AS d
INNER JOIN community.accounts AS a ON d.account_id = a.account_id
WHERE
    d.sync_id > extract(EPOCH FROM :first_day::date)::bigint
    AND d.sync_id <= extract(EPOCH FROM :last_day::date + 1)::bigint
    AND d.sync_id <= :last_sync_id
    AND d.xp_delta > 0
