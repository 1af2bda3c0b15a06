-- What every domain stands on: schemas, the append-only guard, and the record of every run.

CREATE SCHEMA IF NOT EXISTS operations;
COMMENT ON SCHEMA operations IS 'Jobs: what ran, when, and what it changed.';

CREATE FUNCTION operations.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: its rows are kept as they are', tg_op, tg_table_schema, tg_table_name
        USING ERRCODE = 'restrict_violation',
        HINT = 'Write a new row that corrects the old one.';
END
$$;
COMMENT ON FUNCTION operations.refuse_change() IS
'Statement trigger of append-only tables: refuses UPDATE, DELETE and TRUNCATE, whoever asks.';

CREATE TABLE operations.job_executions (
    execution_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_executions_pkey PRIMARY KEY,
    job_name text NOT NULL,
    run_id text NOT NULL,
    as_of timestamptz NOT NULL,
    success boolean NOT NULL,
    message text NOT NULL,
    affected_count bigint NOT NULL CONSTRAINT job_executions_affected_check CHECK (affected_count >= 0),
    duration_ms bigint NOT NULL CONSTRAINT job_executions_duration_check CHECK (duration_ms >= 0),
    details jsonb NOT NULL,
    executed_at timestamptz NOT NULL,
    executed_by text NOT NULL,
    CONSTRAINT job_executions_run_key UNIQUE (job_name, run_id)
);
CREATE INDEX job_executions_latest_idx ON operations.job_executions (job_name, executed_at DESC);
COMMENT ON TABLE operations.job_executions IS
'One row per job and run. It is written in the transactions whose effects it reports, so it never claims more than was committed.';
COMMENT ON COLUMN operations.job_executions.execution_id IS 'Key.';
COMMENT ON COLUMN operations.job_executions.job_name IS 'Name of the job, as in "trc jobs"; asset key for an asset materialised on its own.';
COMMENT ON COLUMN operations.job_executions.run_id IS 'Dagster run, or an id made by the caller.';
COMMENT ON COLUMN operations.job_executions.as_of IS 'Logical time the run worked for.';
COMMENT ON COLUMN operations.job_executions.success IS 'True once every step of the run is committed.';
COMMENT ON COLUMN operations.job_executions.message IS 'One line for people: what happened, or why it failed.';
COMMENT ON COLUMN operations.job_executions.affected_count IS 'Rows or units changed, added up over the steps.';
COMMENT ON COLUMN operations.job_executions.duration_ms IS 'Working time of the steps, in milliseconds.';
COMMENT ON COLUMN operations.job_executions.details IS 'Figures per step.';
COMMENT ON COLUMN operations.job_executions.executed_at IS 'Wall-clock time of the last step.';
COMMENT ON COLUMN operations.job_executions.executed_by IS 'Who asked: schedule, ui, cli …';

CREATE TABLE operations.migrations (
    name text CONSTRAINT migrations_pkey PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE operations.migrations IS 'One row per applied file of sql/migrations. A file that was edited afterwards is refused.';
COMMENT ON COLUMN operations.migrations.name IS 'File name without .sql.';
COMMENT ON COLUMN operations.migrations.sha256 IS 'Digest of the file as it was applied.';
COMMENT ON COLUMN operations.migrations.applied_at IS 'When.';
