-- The row of a run grows with its steps, each in the transaction of that step's effects. It has succeeded
-- once every step is in it, in whatever order they came; what failed once has failed, what was interrupted
-- stays so whatever comes after, and a run of which a step was skipped is skipped. :state is running, failed, interrupted or skipped; :tables are those of every
-- step, each schema.table.
WITH earlier AS (
    SELECT
        max(e.state) FILTER (WHERE e.state IN ('failed', 'interrupted')) AS ended_before_as,
        max(e.message) AS message,
        coalesce(jsonb_agg(e.details) -> 0, '{}') || :details::jsonb AS details
    FROM operations.job_executions AS e
    WHERE e.job_name = :job_name AND e.run_id = :run_id
),

so_far AS (
    SELECT
        e.ended_before_as,
        e.message,
        nullif(:state, 'running') AS ended_as,
        jsonb_exists_all(e.details, :tables::text[]) AS is_complete,
        jsonb_path_query_first(e.details, '$.*.skipped_because') #>> '{}' AS skipped_because
    FROM earlier AS e
),

outcome AS (
    SELECT
        CASE
            WHEN s.ended_before_as IS NOT NULL THEN s.ended_before_as
            WHEN s.ended_as IS NOT NULL THEN s.ended_as
            WHEN NOT s.is_complete THEN 'running'
            WHEN s.skipped_because IS NOT NULL THEN 'skipped'
            ELSE 'succeeded'
        END AS state,
        CASE
            WHEN s.ended_before_as IS NOT NULL THEN s.message
            WHEN s.ended_as IS NULL AND s.skipped_because IS NOT NULL THEN s.skipped_because
            ELSE :message
        END AS message
    FROM so_far AS s
)

INSERT INTO operations.job_executions AS e (
    job_name, run_id, as_of, state, success, message, affected_count, duration_ms, details, executed_by, executed_at
)
SELECT :job_name, :run_id, :as_of, o.state, o.state = 'succeeded', o.message, :affected_count, :duration_ms, :details::jsonb, :executed_by, clock_timestamp()
FROM outcome AS o
ON CONFLICT (job_name, run_id) DO UPDATE SET
    state = excluded.state,
    success = excluded.success,
    message = excluded.message,
    affected_count = e.affected_count + excluded.affected_count,
    duration_ms = e.duration_ms + excluded.duration_ms,
    details = e.details || excluded.details,
    executed_at = excluded.executed_at
