-- Accepted syncs without deltas, oldest first. All of them where :most is NULL. The first after the cut-over has
-- XP in it that the app's old job paid, so it still belongs to the time before.
WITH cut_over AS (
    SELECT coalesce(min(a.sync_id), extract(EPOCH FROM c.cut_over_at)::bigint) AS until_sync_id
    FROM operations.cut_overs AS c
    LEFT JOIN community.mee6_syncs AS a
        ON a.status = 'accepted' AND a.sync_id >= extract(EPOCH FROM c.cut_over_at)::bigint
    WHERE c.domain = 'community'
    GROUP BY c.cut_over_at
)

SELECT
    s.sync_id,
    s.synced_at,
    s.xp_rate,
    s.is_rebaseline,
    s.whole_sync_id IS NULL AS is_whole,
    coalesce(s.sync_id <= c.until_sync_id, FALSE) AS is_before_cut_over
FROM community.mee6_syncs AS s
LEFT JOIN cut_over AS c ON TRUE
WHERE s.status = 'accepted' AND s.deltas_at IS NULL
ORDER BY s.sync_id
LIMIT :most
