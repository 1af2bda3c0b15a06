-- Post what is not posted yet and say which days it touches. $1: run id.
WITH posted AS (
    INSERT INTO community.point_ledger (
        member_id, action, points, effective_at, effective_on, source_key, sync_id, metadata, run_id
    )
    SELECT
        s.member_id, s.action, s.points, s.effective_at, s.effective_on, s.source_key, s.sync_id, s.metadata::jsonb, $1
    FROM staged_entries AS s
    ON CONFLICT (source_key) DO NOTHING
    RETURNING effective_on, points
),

touched AS (
    INSERT INTO community.days (day)
    SELECT DISTINCT p.effective_on FROM posted AS p
    ORDER BY p.effective_on
    ON CONFLICT (day) DO UPDATE SET is_points_stale = TRUE, is_streaks_stale = TRUE, is_boards_stale = TRUE
    RETURNING day
)

SELECT
    (SELECT count(*) FROM posted) AS entries,
    (SELECT coalesce(sum(p.points), 0)::bigint FROM posted AS p) AS points,
    (SELECT count(*) FROM touched) AS days
