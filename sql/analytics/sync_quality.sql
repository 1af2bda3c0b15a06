-- The readings of the last week: how many, how complete, how many were refused.
SELECT
    s.synced_at::date AS day,
    count(*) FILTER (WHERE s.status = 'accepted') AS accepted,
    count(*) FILTER (WHERE s.status = 'quarantined') AS quarantined,
    count(*) FILTER (WHERE s.status = 'failed') AS failed,
    round(avg(s.found_count)) AS members_found,
    sum(s.requests) AS requests
FROM community.mee6_syncs AS s
WHERE s.synced_at > now() - interval '7 days'
GROUP BY s.synced_at::date
ORDER BY day
