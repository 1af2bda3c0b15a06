-- Whole points' worth of XP that these syncs brought, at the rate in force now: 0 while the action is disabled, and
-- then nothing is posted, now or later. The days it counts for are marked. The source key is unique, so nothing is
-- posted twice.
WITH rate AS (
    SELECT coalesce(max(a.points) FILTER (WHERE a.enabled), 0)::bigint AS points_per_100_xp
    FROM community.point_actions AS a
    WHERE a.action = 'discord_activity'
),

posted AS (
    INSERT INTO community.point_ledger (
        account_id, action, points, effective_at, effective_on, source_key, sync_id, metadata, run_id
    )
    SELECT
        d.account_id,
        'discord_activity',
        d.whole * r.points_per_100_xp,
        s.synced_at,
        -- The sync of 00:00 covers what came before it, so it counts for the day that just ended.
        ((s.synced_at - interval '1 microsecond') AT TIME ZONE 'UTC')::date,
        'discord_activity:' || d.sync_id || ':' || d.account_id,
        d.sync_id,
        jsonb_build_object('xp_delta', d.xp_delta),
        :run_id
    FROM community.xp_deltas AS d
    INNER JOIN community.mee6_syncs AS s ON d.sync_id = s.sync_id
    CROSS JOIN rate AS r
    WHERE d.sync_id = any(:sync_ids::bigint[]) AND d.whole <> 0 AND r.points_per_100_xp <> 0
    ORDER BY d.sync_id, d.account_id
    RETURNING effective_on, points
),

figures AS (
    SELECT
        count(*) AS entries,
        coalesce(sum(p.points) FILTER (WHERE p.points > 0), 0)::bigint AS points_awarded,
        coalesce(-sum(p.points) FILTER (WHERE p.points < 0), 0)::bigint AS points_deducted,
        array_agg(DISTINCT p.effective_on) AS days
    FROM posted AS p
)

SELECT
    f.entries,
    f.points_awarded,
    f.points_deducted,
    f.days,
    community.mark_days_stale(f.days)::text AS marked
FROM figures AS f
