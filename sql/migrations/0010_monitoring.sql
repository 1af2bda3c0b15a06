-- Monitoring: what checks found, runs that were skipped, failures with their stack, heartbeats.

CREATE TABLE operations.check_results (
    table_name text NOT NULL,
    check_name text NOT NULL,
    known_since timestamptz NOT NULL,
    evaluated_at timestamptz,
    since timestamptz,
    has_passed boolean,
    violations_count bigint CONSTRAINT check_results_violations_check CHECK (violations_count >= 0),
    first_violations jsonb NOT NULL DEFAULT '[]',
    CONSTRAINT check_results_pkey PRIMARY KEY (table_name, check_name),
    CONSTRAINT check_results_evaluated_check
    CHECK ((evaluated_at IS NULL) = (since IS NULL) AND (evaluated_at IS NULL) = (has_passed IS NULL) AND (evaluated_at IS NULL) = (violations_count IS NULL)),
    CONSTRAINT check_results_passed_check CHECK (has_passed = (violations_count = 0))
);
COMMENT ON TABLE operations.check_results IS 'One row per check: what it found when it was last evaluated. Health looks here.';
COMMENT ON COLUMN operations.check_results.table_name IS 'What it is about, as schema.table.';
COMMENT ON COLUMN operations.check_results.check_name IS 'The sentence that is true when it passes.';
COMMENT ON COLUMN operations.check_results.known_since IS 'First look of health at this check: one that is never evaluated is overdue from then on.';
COMMENT ON COLUMN operations.check_results.evaluated_at IS 'When it was last evaluated; NULL: never.';
COMMENT ON COLUMN operations.check_results.since IS 'Since when it has passed, or failed, without a change.';
COMMENT ON COLUMN operations.check_results.has_passed IS 'Whether nothing was found.';
COMMENT ON COLUMN operations.check_results.violations_count IS 'Rows that break the sentence.';
COMMENT ON COLUMN operations.check_results.first_violations IS 'Keys of the first of them: ids and periods only.';

ALTER TABLE operations.job_executions
DROP CONSTRAINT job_executions_state_check,
ADD CONSTRAINT job_executions_state_check CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted', 'skipped'));
COMMENT ON COLUMN operations.job_executions.state IS 'running (more steps to come), succeeded, failed, interrupted (stopped from outside), or skipped (left its work: neither success nor failure).';

ALTER TABLE operations.alerts ADD COLUMN failures jsonb;
COMMENT ON COLUMN operations.alerts.failures IS 'The exceptions behind it, outermost first: type, message and frames (file, function, line), no values; NULL: none.';

ALTER TABLE operations.jobs ADD COLUMN heartbeat_execution_id bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN operations.jobs.heartbeat_execution_id IS 'Latest execution that was told to HEARTBEAT_URL.';
