-- Days from :first_day to :last_day, and whether missing activity means anything: an accepted sync lies
-- within the last hour (00:00 included), or the sync was switched off when the day ended, or the app's old jobs
-- counted until its end.
SELECT
    d.day,
    d.is_sync_enabled IS FALSE
    OR EXISTS (
        SELECT 1 FROM operations.cut_overs AS c
        WHERE c.domain = 'community' AND (d.day + 1)::timestamp AT TIME ZONE 'UTC' <= c.cut_over_at
    )
    OR EXISTS (
        SELECT 1 FROM community.mee6_syncs AS s
        WHERE
            s.status = 'accepted'
            AND s.sync_id > extract(EPOCH FROM d.day::timestamp)::bigint + 82800
            AND s.sync_id <= extract(EPOCH FROM d.day::timestamp)::bigint + 86400
    ) AS is_observed
FROM community.days AS d
WHERE d.day BETWEEN :first_day AND :last_day
ORDER BY d.day
