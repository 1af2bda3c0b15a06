-- Post what is not posted yet, and mark the days it touches.
-- Staged: staged_entries(account_id, action, points, effective_at, effective_on, source_key, sync_id, metadata)
WITH posted AS (
    INSERT INTO community.point_ledger (
        account_id, action, points, effective_at, effective_on, source_key, sync_id, metadata, run_id
    )
    SELECT
        s.account_id, s.action, s.points, s.effective_at, s.effective_on, s.source_key, s.sync_id, s.metadata::jsonb, :run_id
    FROM staged_entries AS s
    ON CONFLICT (source_key) DO NOTHING
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
