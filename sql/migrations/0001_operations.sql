-- What every domain stands on: the record of every run, what apps and people are told, who may do what.

CREATE SCHEMA IF NOT EXISTS operations;
COMMENT ON SCHEMA operations IS 'Jobs: what ran, when, and what it changed.';

-- What is installed.

ALTER TABLE operations.alembic_version RENAME CONSTRAINT alembic_version_pkc TO alembic_version_pkey;
COMMENT ON TABLE operations.alembic_version IS 'One row per schema, or fewer where one needs the other: the last migration applied. Kept by Alembic.';
COMMENT ON COLUMN operations.alembic_version.version_num IS 'Name of the migration.';

CREATE TABLE operations.migrations (
    name text CONSTRAINT migrations_pkey PRIMARY KEY,
    schema_name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE operations.migrations IS 'One row per applied file of sql/migrations. A file that was edited afterwards is refused.';
COMMENT ON COLUMN operations.migrations.name IS 'File name without .sql.';
COMMENT ON COLUMN operations.migrations.schema_name IS 'Schema it makes or changes: these are ours.';
COMMENT ON COLUMN operations.migrations.sha256 IS 'Digest of the file as it was applied.';
COMMENT ON COLUMN operations.migrations.applied_at IS 'When.';

-- Relations that belong to an app and not to the pipelines: tables of ours that it writes, or views
-- over its own. Each domain says here which they are.
CREATE TABLE operations.app_relations (
    schema_name text NOT NULL,
    relation_name text NOT NULL,
    CONSTRAINT app_relations_pkey PRIMARY KEY (schema_name, relation_name)
);
COMMENT ON TABLE operations.app_relations IS 'One row per relation an app writes: a table made for it, or a view over a table of its own.';
COMMENT ON COLUMN operations.app_relations.schema_name IS 'The domain.';
COMMENT ON COLUMN operations.app_relations.relation_name IS 'Table or view.';

CREATE TABLE operations.adapters (
    domain text CONSTRAINT adapters_pkey PRIMARY KEY,
    adapter text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE operations.adapters IS 'One row per domain that is attached to the tables of an app.';
COMMENT ON COLUMN operations.adapters.domain IS 'Domain.';
COMMENT ON COLUMN operations.adapters.adapter IS 'Folder of sql/adapters with its views and ports.';
COMMENT ON COLUMN operations.adapters.sha256 IS 'Digest of its files as they were applied.';
COMMENT ON COLUMN operations.adapters.applied_at IS 'When they were applied last.';

CREATE TABLE operations.view_scripts (
    schema_name text CONSTRAINT view_scripts_pkey PRIMARY KEY,
    sha256 text NOT NULL,
    view_names text[] NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE operations.view_scripts IS 'One row per file of sql/views that was applied.';
COMMENT ON COLUMN operations.view_scripts.schema_name IS 'Schema of its views.';
COMMENT ON COLUMN operations.view_scripts.sha256 IS 'Digest of the file as it was applied.';
COMMENT ON COLUMN operations.view_scripts.view_names IS 'Views it made.';
COMMENT ON COLUMN operations.view_scripts.applied_at IS 'When it was applied last.';

-- What ran.

CREATE TABLE operations.job_executions (
    execution_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT job_executions_pkey PRIMARY KEY,
    job_name text NOT NULL,
    run_id text NOT NULL,
    as_of timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT job_executions_state_check
    CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted', 'skipped')),
    success boolean NOT NULL,
    message text NOT NULL,
    affected_count bigint NOT NULL CONSTRAINT job_executions_affected_check CHECK (affected_count >= 0),
    duration_ms bigint NOT NULL CONSTRAINT job_executions_duration_check CHECK (duration_ms >= 0),
    details jsonb NOT NULL,
    executed_at timestamptz NOT NULL,
    executed_by text NOT NULL,
    CONSTRAINT job_executions_run_key UNIQUE (job_name, run_id),
    CONSTRAINT job_executions_success_check CHECK (success = (state = 'succeeded'))
);
CREATE INDEX job_executions_latest_idx ON operations.job_executions (job_name, executed_at DESC);
COMMENT ON TABLE operations.job_executions IS
'One row per job and run. It is written in the transactions whose effects it reports, so it never claims more than was committed.';
COMMENT ON COLUMN operations.job_executions.execution_id IS 'Key.';
COMMENT ON COLUMN operations.job_executions.job_name IS 'Name of the job, as in "trc jobs"; asset key for an asset materialised on its own.';
COMMENT ON COLUMN operations.job_executions.run_id IS 'Dagster run, or an id made by the caller.';
COMMENT ON COLUMN operations.job_executions.as_of IS 'Logical time the run worked for.';
COMMENT ON COLUMN operations.job_executions.state IS 'running (more steps to come), succeeded, failed, interrupted (stopped from outside), or skipped (left its work: neither success nor failure).';
COMMENT ON COLUMN operations.job_executions.success IS 'True once every step of the run is committed.';
COMMENT ON COLUMN operations.job_executions.message IS 'One line for people: what happened, or why it failed.';
COMMENT ON COLUMN operations.job_executions.affected_count IS 'Rows or units changed, added up over the steps.';
COMMENT ON COLUMN operations.job_executions.duration_ms IS 'Working time of the steps, in milliseconds.';
COMMENT ON COLUMN operations.job_executions.details IS 'Figures per step.';
COMMENT ON COLUMN operations.job_executions.executed_at IS 'Wall-clock time of the last step.';
COMMENT ON COLUMN operations.job_executions.executed_by IS 'Who asked: schedule, ui, cli …';

CREATE TABLE operations.jobs (
    job_name text CONSTRAINT jobs_pkey PRIMARY KEY,
    first_seen_at timestamptz NOT NULL,
    checked_in_execution_id bigint NOT NULL DEFAULT 0,
    heartbeat_execution_id bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE operations.jobs IS 'One row per scheduled job: since when it is watched.';
COMMENT ON COLUMN operations.jobs.job_name IS 'Name of the job.';
COMMENT ON COLUMN operations.jobs.first_seen_at IS 'First start with this job: a job that never ran is late from then on.';
COMMENT ON COLUMN operations.jobs.checked_in_execution_id IS 'Latest execution of which the outside monitor was told.';
COMMENT ON COLUMN operations.jobs.heartbeat_execution_id IS 'Latest execution that was told to HEARTBEAT_URL.';

-- What every host of an installation has alike.

CREATE TABLE operations.agreements (
    name text CONSTRAINT agreements_pkey PRIMARY KEY,
    value text NOT NULL,
    host text NOT NULL,
    agreed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE operations.agreements IS 'One row per thing that every host must have alike, as the control had it when it started: settings, code, libraries. A worker that differs is refused.';
COMMENT ON COLUMN operations.agreements.name IS 'Setting, library …';
COMMENT ON COLUMN operations.agreements.value IS 'Its value or version; of a secret and of code a digest.';
COMMENT ON COLUMN operations.agreements.host IS 'Host of the control.';
COMMENT ON COLUMN operations.agreements.agreed_at IS 'When it started.';

-- When the jobs that an app had before stop.

CREATE TABLE operations.cut_overs (
    domain text CONSTRAINT cut_overs_pkey PRIMARY KEY,
    cut_over_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    run_id text NOT NULL
);
COMMENT ON TABLE operations.cut_overs IS 'One row per domain whose app had jobs of its own: until when they count. Append-only: decided once.';
COMMENT ON COLUMN operations.cut_overs.domain IS 'The domain.';
COMMENT ON COLUMN operations.cut_overs.cut_over_at IS 'What the old jobs did before it is taken over; what they do from then on is refused, or reported.';
COMMENT ON COLUMN operations.cut_overs.recorded_at IS 'When it was decided.';
COMMENT ON COLUMN operations.cut_overs.run_id IS 'Run that recorded it, from the settings.';

-- What checks found.

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

-- Events: what happened, for apps that follow.

CREATE TABLE operations.domain_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT domain_events_pkey PRIMARY KEY,
    event_type text NOT NULL,
    dedupe_key text COLLATE "C" NOT NULL CONSTRAINT domain_events_dedupe_key_key UNIQUE,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    epoch integer NOT NULL,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    run_id text NOT NULL
);
CREATE INDEX domain_events_order_idx ON operations.domain_events (epoch, transaction_id, event_id);
CREATE INDEX domain_events_recorded_at_idx ON operations.domain_events (recorded_at);
COMMENT ON TABLE operations.domain_events IS 'One row per event, written in the transaction of what it tells. Follow it with operations.take_domain_events.';
COMMENT ON COLUMN operations.domain_events.event_id IS 'Key.';
COMMENT ON COLUMN operations.domain_events.event_type IS 'What happened: LeaderboardReset …';
COMMENT ON COLUMN operations.domain_events.dedupe_key IS 'What it happened to: the same is told once.';
COMMENT ON COLUMN operations.domain_events.payload IS 'Figures and ids.';
COMMENT ON COLUMN operations.domain_events.occurred_at IS 'Logical time.';
COMMENT ON COLUMN operations.domain_events.recorded_at IS 'When it was written.';
COMMENT ON COLUMN operations.domain_events.epoch IS 'In which count of transactions: one more after each restore.';
COMMENT ON COLUMN operations.domain_events.transaction_id IS 'Transaction that wrote it: followers wait for all that began before, so that none commits behind their back.';
COMMENT ON COLUMN operations.domain_events.run_id IS 'Run that wrote it.';

CREATE TABLE operations.event_followers (
    follower text CONSTRAINT event_followers_pkey PRIMARY KEY,
    epoch integer NOT NULL DEFAULT 0,
    transaction_id xid8 NOT NULL DEFAULT '0',
    event_id bigint NOT NULL DEFAULT 0,
    taken_at timestamptz
);
COMMENT ON TABLE operations.event_followers IS 'One row per app that follows the events: the last one it took.';
COMMENT ON COLUMN operations.event_followers.follower IS 'Name the app gave itself.';
COMMENT ON COLUMN operations.event_followers.epoch IS 'Count of transactions the last event taken belongs to.';
COMMENT ON COLUMN operations.event_followers.transaction_id IS 'Transaction of the last event taken.';
COMMENT ON COLUMN operations.event_followers.event_id IS 'The last event taken.';
COMMENT ON COLUMN operations.event_followers.taken_at IS 'When.';

-- Incidents and alerts: what people are told.

CREATE TABLE operations.incidents (
    incident_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT incidents_pkey PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL CONSTRAINT incidents_severity_check CHECK (severity IN ('warning', 'error', 'critical')),
    message text NOT NULL,
    opened_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    reminded_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT incidents_order_check CHECK (closed_at IS NULL OR closed_at >= opened_at)
);
CREATE UNIQUE INDEX incidents_open_idx ON operations.incidents (kind, subject) WHERE closed_at IS NULL;
COMMENT ON TABLE operations.incidents IS 'One row per incident: at most one is open for each kind and subject, and it is announced once.';
COMMENT ON COLUMN operations.incidents.incident_id IS 'Key.';
COMMENT ON COLUMN operations.incidents.kind IS 'stale, failing, quarantine …';
COMMENT ON COLUMN operations.incidents.subject IS 'What it is about: a job, mostly.';
COMMENT ON COLUMN operations.incidents.severity IS 'warning, error or critical.';
COMMENT ON COLUMN operations.incidents.message IS 'What is wrong and what to do.';
COMMENT ON COLUMN operations.incidents.opened_at IS 'When it was first seen.';
COMMENT ON COLUMN operations.incidents.seen_at IS 'When it was last seen: it is over once it has not been for a while.';
COMMENT ON COLUMN operations.incidents.reminded_at IS 'When people were last told.';
COMMENT ON COLUMN operations.incidents.closed_at IS 'When it was over.';

CREATE TABLE operations.alerts (
    alert_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alerts_pkey PRIMARY KEY,
    dedupe_key text NOT NULL CONSTRAINT alerts_dedupe_key_key UNIQUE,
    severity text NOT NULL CONSTRAINT alerts_severity_check CHECK (severity IN ('info', 'warning', 'error', 'critical')),
    title text NOT NULL,
    body text NOT NULL,
    tags jsonb NOT NULL DEFAULT '{}',
    failures jsonb,
    is_for_people boolean NOT NULL,
    is_for_community boolean NOT NULL DEFAULT FALSE,
    image bytea,
    created_at timestamptz NOT NULL,
    CONSTRAINT alerts_community_check CHECK (NOT (is_for_community AND is_for_people))
);
CREATE INDEX alerts_created_at_idx ON operations.alerts (created_at);
COMMENT ON TABLE operations.alerts IS 'One row per message, written in the transaction of what it tells and sent later: an outbox.';
COMMENT ON COLUMN operations.alerts.alert_id IS 'Key.';
COMMENT ON COLUMN operations.alerts.dedupe_key IS 'What it tells: the same is told once.';
COMMENT ON COLUMN operations.alerts.severity IS 'info, warning, error or critical.';
COMMENT ON COLUMN operations.alerts.title IS 'One line.';
COMMENT ON COLUMN operations.alerts.body IS 'What is wrong and what to do.';
COMMENT ON COLUMN operations.alerts.tags IS 'Ids only: job, run, partition.';
COMMENT ON COLUMN operations.alerts.failures IS 'The exceptions behind it, outermost first: type, message and frames (file, function, line), no values; NULL: none.';
COMMENT ON COLUMN operations.alerts.is_for_people IS 'Whether it goes to ALERT_URLS too, and not only to Sentry.';
COMMENT ON COLUMN operations.alerts.is_for_community IS 'Whether it goes to ANNOUNCE_URLS, and there alone. Such a message has names of members who agreed to be shown.';
COMMENT ON COLUMN operations.alerts.image IS 'A PNG that goes with it; NULL: none.';
COMMENT ON COLUMN operations.alerts.created_at IS 'When it was written.';

CREATE TABLE operations.alert_deliveries (
    alert_id bigint NOT NULL,
    channel text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamptz,
    delivered_at timestamptz,
    error text,
    CONSTRAINT alert_deliveries_pkey PRIMARY KEY (alert_id, channel),
    CONSTRAINT alert_deliveries_alert_fkey FOREIGN KEY (alert_id) REFERENCES operations.alerts (alert_id) ON DELETE CASCADE
);
COMMENT ON TABLE operations.alert_deliveries IS 'One row per alert and channel once it was tried: delivered, to be tried again, or given up.';
COMMENT ON COLUMN operations.alert_deliveries.alert_id IS 'The alert.';
COMMENT ON COLUMN operations.alert_deliveries.channel IS 'Sentry, or a digest of the URL: never the URL, which holds a secret.';
COMMENT ON COLUMN operations.alert_deliveries.attempts IS 'How often it was tried.';
COMMENT ON COLUMN operations.alert_deliveries.next_attempt_at IS 'Not before then; NULL: delivered, or given up.';
COMMENT ON COLUMN operations.alert_deliveries.delivered_at IS 'When the other side took it.';
COMMENT ON COLUMN operations.alert_deliveries.error IS 'Why the last attempt failed.';

-- Housekeeping: what had grown old and was removed.

CREATE TABLE operations.purges (
    run_id text NOT NULL,
    target text NOT NULL,
    removed_count bigint NOT NULL CONSTRAINT purges_removed_check CHECK (removed_count >= 0),
    purged_at timestamptz NOT NULL,
    CONSTRAINT purges_pkey PRIMARY KEY (run_id, target)
);
COMMENT ON TABLE operations.purges IS 'One row per housekeeping run and target: how much was removed because it had grown old.';
COMMENT ON COLUMN operations.purges.run_id IS 'Run that removed it.';
COMMENT ON COLUMN operations.purges.target IS 'What was removed.';
COMMENT ON COLUMN operations.purges.removed_count IS 'Rows, or whole days of readings.';
COMMENT ON COLUMN operations.purges.purged_at IS 'Logical time.';

-- Append-only tables keep what was written.

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

CREATE FUNCTION operations.refuse_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'UPDATE on %.% is refused: what was told stays told', tg_table_schema, tg_table_name
        USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION operations.refuse_update() IS 'Statement trigger of tables whose rows do not change, but grow old and go.';

-- Ledgers: one writer at a time, and a chain of digests. Whoever edits an old entry, with whatever rights, breaks it.

CREATE FUNCTION operations.lock_ledger() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(tg_table_schema || '.' || tg_table_name, 0));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION operations.lock_ledger() IS 'Statement trigger: one writer at a time, the lock of the posting step, so that batches follow each other.';

CREATE FUNCTION operations.chain_digest(previous text, entries bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN encode(sha256(convert_to(coalesce(previous, ''), 'UTF8') || entries), 'hex');
COMMENT ON FUNCTION operations.chain_digest(text, bytea) IS 'Digest of a batch: of the one before, and of its entries'' digests in order.';

-- Events wake their followers, who take them in the order of their transactions.

CREATE FUNCTION operations.announce_domain_events() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM inserted) THEN
        PERFORM pg_notify('domain_events', '');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION operations.announce_domain_events() IS 'Statement trigger: wakes whoever LISTENs to domain_events, on commit.';

-- Transaction ids are counted by one cluster: in another, where a dump was restored, the count begins anew, below
-- or above the ids the events came with. A restore makes materialized views anew, once everything else is there
-- and before anybody works with it: so this one knows the epoch, whatever is written at the same time later.
CREATE MATERIALIZED VIEW operations.current_epoch AS
SELECT coalesce(max(k.epoch) + 1, 0) AS epoch, now() AS began_at
FROM (
    SELECT e.epoch FROM operations.domain_events AS e
    UNION ALL
    SELECT f.epoch FROM operations.event_followers AS f
) AS k;
COMMENT ON MATERIALIZED VIEW operations.current_epoch IS 'One row: in which count of transactions events are written. Made anew by a restore, and by nobody else.';
COMMENT ON COLUMN operations.current_epoch.epoch IS 'One more than that of any event or place that came with the dump.';
COMMENT ON COLUMN operations.current_epoch.began_at IS 'When the database was made, or restored.';

-- In quotes, so that it is not known to read what is made from the table whose default it is.
CREATE FUNCTION operations.event_epoch() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog AS 'SELECT c.epoch FROM operations.current_epoch AS c';
COMMENT ON FUNCTION operations.event_epoch() IS 'The epoch of events written now.';
ALTER TABLE operations.domain_events ALTER COLUMN epoch SET DEFAULT operations.event_epoch();

CREATE FUNCTION operations.take_domain_events(follower_name text, most integer DEFAULT 100)
RETURNS SETOF operations.domain_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    place operations.event_followers;
    taken operations.domain_events;
    current_epoch integer;
BEGIN
    INSERT INTO operations.event_followers (follower) VALUES (follower_name) ON CONFLICT DO NOTHING;
    SELECT * INTO place FROM operations.event_followers AS f WHERE f.follower = follower_name FOR UPDATE;
    current_epoch := operations.event_epoch();
    FOR taken IN
        SELECT * FROM operations.domain_events AS e
        WHERE
            (e.epoch, e.transaction_id, e.event_id) > (place.epoch, place.transaction_id, place.event_id)
            -- Whatever came with a dump is committed; of our own count, wait for what is older and open.
            AND (e.epoch < current_epoch OR e.transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
        ORDER BY e.epoch, e.transaction_id, e.event_id
        LIMIT most
    LOOP
        RETURN NEXT taken;
    END LOOP;
    IF taken.event_id IS NOT NULL THEN
        UPDATE operations.event_followers AS f
        SET
            epoch = taken.epoch, transaction_id = taken.transaction_id,
            event_id = taken.event_id, taken_at = clock_timestamp()
        WHERE f.follower = follower_name;
    END IF;
END
$$;
COMMENT ON FUNCTION operations.take_domain_events(text, integer) IS 'The next events for a follower, oldest first. Its place moves with its own transaction: rolled back, they come again. Two workers take turns.';

-- Names as people may see them: hostile text in them is made harmless, for terminals, spreadsheets, chats.

CREATE FUNCTION operations.shown_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    nullif(
        regexp_replace(
            btrim(left(normalize(regexp_replace(
                regexp_replace(
                    left(name, 1024),
                    E'[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
                    '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]',
                    '', 'g'
                ),
                E'[\u0009-\u000d\u0020\u0085\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
            ), nfc), 64)),
            -- A spreadsheet takes what begins like this for a formula.
            '^([=+@-])', E'\'\\1'
        ),
        ''
    ),
    '(no name)'
);
COMMENT ON FUNCTION operations.shown_name(text) IS 'A name without invisible or control characters, on one line, at most 64 long, and no formula.';

-- What a dry run would write, row for row: rows as they were are kept aside, and compared before it is rolled back.

CREATE FUNCTION operations.is_only_added_to(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog
RETURN EXISTS (
    SELECT 1
    FROM pg_class AS c
    LEFT JOIN pg_trigger AS t
        ON c.oid = t.tgrelid AND t.tgfoid = 'operations.refuse_change()'::regprocedure AND t.tgtype & 16 <> 0
    WHERE c.oid = $1 AND (c.relkind = 'p' OR t.oid IS NOT NULL)
);
COMMENT ON FUNCTION operations.is_only_added_to(regclass) IS 'Whether rows of a table stay as they are: append-only, or in partitions that are dropped as a whole.';

CREATE FUNCTION operations.keep_rows(relation regclass) RETURNS void
LANGUAGE plpgsql STRICT AS $$
DECLARE
    copy text := 'before_' || relation::oid;
BEGIN
    EXECUTE format('DROP TABLE IF EXISTS pg_temp.%I', copy);
    -- What is only added to may be large, and nothing of it was otherwise before.
    EXECUTE format(
        'CREATE TEMPORARY TABLE %I ON COMMIT DROP AS TABLE %s WITH %s DATA',
        copy, relation, CASE WHEN operations.is_only_added_to(relation) THEN 'NO' ELSE '' END
    );
END
$$;
COMMENT ON FUNCTION operations.keep_rows(regclass) IS 'Keeps the rows of a table or view aside for this transaction, as they are now.';

CREATE FUNCTION operations.find_changes(relation regclass, key_columns text[], most bigint)
RETURNS TABLE (changes bigint, change text, key jsonb, before jsonb, after jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    compared text := 'b::text = a::text';
    written text := '';
BEGIN
    IF relation IS NULL THEN
        RETURN;
    END IF;
    IF key_columns IS NULL THEN
        key_columns := ARRAY(
            SELECT c.attname::text FROM pg_index AS i
            INNER JOIN pg_attribute AS c ON i.indrelid = c.attrelid AND c.attnum = ANY(i.indkey)
            WHERE i.indrelid = relation AND i.indisprimary
            ORDER BY array_position(i.indkey::int2[], c.attnum)
        );
    END IF;
    IF cardinality(key_columns) > 0 THEN
        SELECT string_agg(format('b.%1$I = a.%1$I', k.name), ' AND ') INTO compared FROM unnest(key_columns) AS k (name);
    END IF;
    IF operations.is_only_added_to(relation) THEN
        written := 'WHERE xmin = pg_current_xact_id()::xid';
    END IF;
    RETURN QUERY EXECUTE format(
        $query$
        WITH pairs AS (
            SELECT to_jsonb(b) AS before, to_jsonb(a) AS after
            FROM pg_temp.%I AS b FULL JOIN (SELECT * FROM %s %s) AS a ON %s
            WHERE b::text IS DISTINCT FROM a::text
        ),

        listed AS (
            SELECT
                count(*) OVER () AS changes,
                (SELECT jsonb_object_agg(k.name, coalesce(p.after, p.before) -> k.name) FROM unnest($1) AS k (name)) AS key,
                p.before,
                p.after
            FROM pairs AS p
            ORDER BY key, coalesce(p.after, p.before)
            LIMIT $2
        )

        SELECT
            l.changes,
            CASE WHEN l.before IS NULL THEN 'insert' WHEN l.after IS NULL THEN 'delete' ELSE 'update' END,
            l.key,
            (
                SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(l.before) AS e
                WHERE (l.key ? e.key) IS NOT TRUE AND e.value IS DISTINCT FROM l.after -> e.key
            ),
            (
                SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(l.after) AS e
                WHERE (l.key ? e.key) IS NOT TRUE AND e.value IS DISTINCT FROM l.before -> e.key
            )
        FROM listed AS l
        $query$,
        'before_' || relation::oid, relation, written, compared
    ) USING key_columns, most;
END
$$;
COMMENT ON FUNCTION operations.find_changes(regclass, text[], bigint) IS 'What became of rows since keep_rows: how many changed, and the first, with the columns that differ. Without a key whole rows are compared.';

-- What the pages of Dagster show of a table.

CREATE FUNCTION operations.count_rows(relation regclass, OUT row_count bigint, OUT is_exact boolean)
LANGUAGE plpgsql STRICT AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM %s', relation) INTO plan;
    row_count := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
    -- Counting so many takes milliseconds, and of a view what costs as little.
    is_exact := (
        SELECT CASE WHEN c.relkind IN ('r', 'p') THEN row_count < 100000 ELSE (plan -> 0 -> 'Plan' ->> 'Total Cost')::numeric < 10000 END
        FROM pg_class AS c
        WHERE c.oid = relation
    );
    IF is_exact THEN
        EXECUTE format('SELECT count(*) FROM %s', relation) INTO row_count;
    END IF;
END
$$;
COMMENT ON FUNCTION operations.count_rows(regclass) IS 'How many rows a table or view has: counted if they are few, else as the planner estimates them.';

CREATE FUNCTION operations.sample_rows(relation regclass, shown text[], on_day date, most bigint) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    key_columns text[];
    day_column text;
BEGIN
    SELECT array_agg(c.attname::text ORDER BY array_position(i.indkey::int2[], c.attnum)), min(c.attname) FILTER (WHERE c.atttypid = 'date'::regtype)
    INTO key_columns, day_column
    FROM pg_index AS i
    INNER JOIN pg_attribute AS c ON i.indrelid = c.attrelid AND c.attnum = ANY(i.indkey)
    WHERE i.indrelid = relation AND i.indisprimary;
    -- What has no key is a view. No order of it costs little, but the first rows of a day do.
    IF key_columns IS NULL THEN
        SELECT c.attname INTO day_column FROM pg_attribute AS c
        WHERE c.attrelid = relation AND c.attnum > 0 AND c.atttypid = 'date'::regtype
        ORDER BY c.attnum LIMIT 1;
    END IF;
    IF cardinality(shown) = 0 OR (key_columns IS NULL AND (on_day IS NULL OR day_column IS NULL)) THEN
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(r) FROM (SELECT %s FROM %s %s %s LIMIT $2) AS r',
        (SELECT string_agg(quote_ident(s.name), ', ') FROM unnest(shown) AS s (name)),
        relation,
        CASE WHEN on_day IS NOT NULL THEN format('WHERE %I = $1', day_column) END,
        coalesce((SELECT 'ORDER BY ' || string_agg(quote_ident(k.name) || ' DESC', ', ') FROM unnest(key_columns) AS k (name)), '')
    ) USING on_day, most;
END
$$;
COMMENT ON FUNCTION operations.sample_rows(regclass, text[], date, bigint) IS 'The last rows of a table by its key, of one day if one is named: of a key with a day. Of a view some rows of that day.';

-- Whoever migrates, what was made belongs to one role.

CREATE FUNCTION operations.transfer_ownership() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    -- Both are read before the loops: a table that is being read cannot be altered. A schema that is not
    -- installed may be somebody else's, whatever its name.
    ours text[] := ARRAY(SELECT DISTINCT m.schema_name FROM operations.migrations AS m);
    of_apps text[] := ARRAY(SELECT a.schema_name || '.' || a.relation_name FROM operations.app_relations AS a);
    item record;
BEGIN
    FOR item IN
        SELECT n.nspname, pg_get_userbyid(n.nspowner) AS owner_name FROM pg_namespace AS n
        WHERE n.nspname = ANY(ours)
    LOOP
        IF item.owner_name = current_user THEN
            EXECUTE format('ALTER SCHEMA %I OWNER TO trc_owner', item.nspname);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO trc_app, trc_analyst', item.nspname);
    END LOOP;
    FOR item IN
        SELECT n.nspname, c.relname, c.relkind,
            n.nspname || '.' || c.relname = ANY(of_apps) OR c.relname LIKE 'shown\_%' AS is_of_app
        FROM pg_class AS c
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        WHERE n.nspname = ANY(ours) AND c.relkind IN ('r', 'p', 'v', 'm') AND pg_get_userbyid(c.relowner) = current_user
    LOOP
        -- The owner too: our views read as trc_owner, whoever made what they are built on.
        EXECUTE format('GRANT SELECT ON %I.%I TO trc_owner, trc_app, trc_analyst', item.nspname, item.relname);
        IF item.is_of_app AND item.relkind = 'r' THEN
            EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %I.%I TO trc_app', item.nspname, item.relname);
        END IF;
        -- A view in place of a table of the app reads what its maker may read, and trc_owner may not.
        IF NOT (item.is_of_app AND item.relkind = 'v') THEN
            EXECUTE format('ALTER TABLE %I.%I OWNER TO trc_owner', item.nspname, item.relname);
        END IF;
    END LOOP;
    FOR item IN
        SELECT t.oid::regtype AS type_name FROM pg_type AS t
        INNER JOIN pg_class AS c ON t.typrelid = c.oid AND c.relkind = 'c'
        INNER JOIN pg_namespace AS n ON t.typnamespace = n.oid
        WHERE n.nspname = ANY(ours) AND pg_get_userbyid(t.typowner) = current_user
    LOOP
        EXECUTE format('ALTER TYPE %s OWNER TO trc_owner', item.type_name);
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure AS signature FROM pg_proc AS p
        INNER JOIN pg_namespace AS n ON p.pronamespace = n.oid
        WHERE n.nspname = ANY(ours) AND pg_get_userbyid(p.proowner) = current_user
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', item.signature);
        EXECUTE format('ALTER FUNCTION %s OWNER TO trc_owner', item.signature);
    END LOOP;
END
$$;
COMMENT ON FUNCTION operations.transfer_ownership() IS 'Gives what the migrating user made to trc_owner, lets app and analysts read it. Called after every migration.';

-- What an app keeps may become a view over its own tables, or another view, with ours built on it.

CREATE FUNCTION operations.drop_app_relations(relation_names text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    relations oid[] := '{}';
    statements text[] := '{}';
    found bigint;
    item record;
BEGIN
    FOR item IN
        SELECT n.name, to_regclass(n.name) AS relation, c.relkind, EXISTS (
            SELECT 1 FROM operations.app_relations AS a WHERE a.schema_name || '.' || a.relation_name = n.name
        ) AS is_of_app
        FROM unnest(relation_names) AS n (name)
        LEFT JOIN pg_class AS c ON to_regclass(n.name) = c.oid
    LOOP
        IF NOT item.is_of_app THEN
            RAISE EXCEPTION '% is no relation of an app', item.name
                USING HINT = 'operations.app_relations has them all.';
        END IF;
        IF item.relkind IN ('r', 'p') THEN
            EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', item.relation);
            EXECUTE format('SELECT count(*) FROM %s', item.relation) INTO found;
            -- What the migrations wrote into these two is no loss.
            IF found > 0 AND item.name NOT IN ('community.point_actions', 'betting.badges') THEN
                RAISE EXCEPTION 'the table % has rows (%): it is not dropped', item.name, found
                    USING HINT = 'Move them into the table of the app, empty this one, and try again.';
            END IF;
        END IF;
        relations := relations || item.relation::oid;
    END LOOP;
    FOR item IN
        WITH RECURSIVE built AS (
            SELECT u.relation AS oid, 0 AS depth FROM unnest(relations) AS u (relation)
            UNION ALL
            SELECT w.ev_class, b.depth + 1 FROM built AS b
            INNER JOIN pg_depend AS d
                ON b.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_rewrite'::regclass
            INNER JOIN pg_rewrite AS w ON d.objid = w.oid AND w.ev_class <> b.oid
        )
        SELECT
            c.oid, c.relkind, c.reloptions, c.relacl, c.relowner, c.oid::regclass::text AS name,
            n.nspname IN (SELECT m.schema_name FROM operations.migrations AS m) AS is_ours
        FROM built AS b
        INNER JOIN pg_class AS c ON b.oid = c.oid
        INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
        WHERE b.depth > 0 AND c.oid <> ALL(relations)
        GROUP BY c.oid, n.nspname
        ORDER BY max(b.depth) DESC, c.oid
    LOOP
        IF item.relkind <> 'v' OR NOT item.is_ours THEN
            RAISE EXCEPTION '% is built on what is to be replaced, and is not ours', item.name
                USING HINT = 'Drop it, and make it again afterwards.';
        END IF;
        -- Those that others are built on come first again.
        statements := array[
            format('CREATE VIEW %s%s AS %s', item.name, ' WITH (' || array_to_string(item.reloptions, ', ') || ')', pg_get_viewdef(item.oid))
        ] || ARRAY(
            SELECT format(
                'COMMENT ON %s IS %L',
                CASE WHEN d.objsubid = 0 THEN 'VIEW ' || item.name ELSE format('COLUMN %s.%I', item.name, a.attname) END,
                d.description
            )
            FROM pg_description AS d
            LEFT JOIN pg_attribute AS a ON d.objoid = a.attrelid AND d.objsubid = a.attnum
            WHERE d.objoid = item.oid AND d.classoid = 'pg_class'::regclass
        ) || ARRAY(
            SELECT format('GRANT %s ON %s TO %s', g.privilege_type, item.name, coalesce(quote_ident(r.rolname), 'PUBLIC'))
            FROM aclexplode(item.relacl) AS g
            LEFT JOIN pg_roles AS r ON g.grantee = r.oid
            WHERE g.grantee <> item.relowner
        ) || statements;
        EXECUTE format('DROP VIEW %s', item.name);
    END LOOP;
    FOR item IN
        SELECT c.relkind, c.oid::regclass::text AS name FROM pg_class AS c
        WHERE c.oid = ANY(relations)
        -- One view of the app may be built on another, made before it.
        ORDER BY c.oid DESC
    LOOP
        EXECUTE format('DROP %s %s', CASE item.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, item.name);
    END LOOP;
    RETURN statements;
END
$$;
COMMENT ON FUNCTION operations.drop_app_relations(text[]) IS
'Drops relations of an app, tables only if they are empty, with our views that are built on them. Returns what makes those again.';

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER cut_overs_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON operations.cut_overs
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE operations.cut_overs ENABLE ALWAYS TRIGGER cut_overs_append_only;

CREATE TRIGGER domain_events_fixed BEFORE UPDATE ON operations.domain_events
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_update();
ALTER TABLE operations.domain_events ENABLE ALWAYS TRIGGER domain_events_fixed;
CREATE TRIGGER domain_events_announced AFTER INSERT ON operations.domain_events
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION operations.announce_domain_events();
ALTER TABLE operations.domain_events ENABLE ALWAYS TRIGGER domain_events_announced;

-- Who may do what: the owner runs the pipelines, the app writes its own tables, analysts read.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['trc_owner', 'trc_app', 'trc_analyst'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role_name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
            EXCEPTION
                -- Roles belong to the whole server: another of its databases may be first.
                WHEN duplicate_object OR unique_violation THEN NULL;
                WHEN insufficient_privilege THEN
                    RAISE EXCEPTION 'the role % is missing and % may not create it', role_name, current_user
                        USING ERRCODE = 'insufficient_privilege',
                        HINT = 'Have an administrator run: CREATE ROLE trc_owner NOLOGIN; CREATE ROLE trc_app NOLOGIN; '
                        'CREATE ROLE trc_analyst NOLOGIN; GRANT trc_owner TO <this user>.';
            END;
        END IF;
    END LOOP;
    -- Who made a role is a member of it (since 16), and without its rights.
    IF NOT pg_has_role(current_user, 'trc_owner', 'USAGE') THEN
        EXECUTE format('GRANT trc_owner TO %I', current_user);
    END IF;
END
$$;

-- Closing a week looks for sessions that may still be writing what was earned in it, whoever's they are.
DO $$
BEGIN
    GRANT pg_read_all_stats TO trc_owner;
EXCEPTION
    WHEN insufficient_privilege THEN NULL;
END
$$;

GRANT EXECUTE ON FUNCTION operations.take_domain_events(text, integer) TO trc_app;

-- Functions in a view are called as whoever reads it.
GRANT EXECUTE ON FUNCTION operations.shown_name(text) TO trc_app, trc_analyst;
