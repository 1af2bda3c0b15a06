-- How jobs did, day by day.

CREATE OR REPLACE VIEW operations.job_days AS
SELECT
    (e.executed_at AT TIME ZONE 'UTC')::date AS day,
    e.job_name,
    count(*) AS runs,
    count(*) FILTER (WHERE e.state = 'failed') AS failed,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY e.duration_ms / 1000.0::double precision) AS median_seconds
FROM operations.job_executions AS e
WHERE e.state <> 'running'
GROUP BY (e.executed_at AT TIME ZONE 'UTC')::date, e.job_name;
COMMENT ON VIEW operations.job_days IS 'One row per UTC day and job that ended a run, as far back as executions are kept.';
COMMENT ON COLUMN operations.job_days.day IS 'UTC day on which the runs ended.';
COMMENT ON COLUMN operations.job_days.job_name IS 'Job.';
COMMENT ON COLUMN operations.job_days.runs IS 'Runs that ended, in whatever way.';
COMMENT ON COLUMN operations.job_days.failed IS 'Of those, runs that failed.';
COMMENT ON COLUMN operations.job_days.median_seconds IS 'Median of the working time.';
