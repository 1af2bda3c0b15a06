-- Days from $1 to $2, and whether an accepted sync lies within the last hour (00:00 included).
SELECT
    g.day::date AS day,
    exists(
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE
            s.status = 'accepted'
            AND s.sync_id > extract(EPOCH FROM g.day)::bigint + 82800
            AND s.sync_id <= extract(EPOCH FROM g.day)::bigint + 86400
    ) AS is_observed
FROM generate_series($1::date::timestamp, $2::date::timestamp, interval '1 day') AS g (day)
ORDER BY g.day
