-- Who is told what: events for apps, incidents and alerts for people, the state of every job.

ALTER TABLE operations.job_executions ADD COLUMN state text NOT NULL DEFAULT 'failed'
CONSTRAINT job_executions_state_check CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted'));
UPDATE operations.job_executions SET state = 'succeeded'
WHERE success;
ALTER TABLE operations.job_executions ALTER COLUMN state DROP DEFAULT;
ALTER TABLE operations.job_executions ADD CONSTRAINT job_executions_success_check CHECK (success = (state = 'succeeded'));
COMMENT ON COLUMN operations.job_executions.state IS 'running (some steps are committed, more to come), succeeded, failed, or interrupted (stopped from outside; what was open is rolled back).';

CREATE TABLE operations.jobs (
    job_name text CONSTRAINT jobs_pkey PRIMARY KEY,
    first_seen_at timestamptz NOT NULL,
    checked_in_execution_id bigint NOT NULL DEFAULT 0
);
COMMENT ON TABLE operations.jobs IS 'One row per scheduled job: since when it is watched.';
COMMENT ON COLUMN operations.jobs.job_name IS 'Name of the job.';
COMMENT ON COLUMN operations.jobs.first_seen_at IS 'First start with this job: a job that never ran is late from then on.';
COMMENT ON COLUMN operations.jobs.checked_in_execution_id IS 'Latest execution of which the outside monitor was told.';

-- Events: what happened, for apps that follow.

CREATE TABLE operations.domain_events (
    event_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT domain_events_pkey PRIMARY KEY,
    event_type text NOT NULL,
    dedupe_key text COLLATE "C" NOT NULL CONSTRAINT domain_events_dedupe_key_key UNIQUE,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    run_id text NOT NULL
);
CREATE INDEX domain_events_order_idx ON operations.domain_events (transaction_id, event_id);
CREATE INDEX domain_events_recorded_at_idx ON operations.domain_events (recorded_at);
COMMENT ON TABLE operations.domain_events IS 'One row per event, written in the transaction of what it tells. Follow it with operations.take_domain_events.';
COMMENT ON COLUMN operations.domain_events.event_id IS 'Key.';
COMMENT ON COLUMN operations.domain_events.event_type IS 'What happened: LeaderboardReset …';
COMMENT ON COLUMN operations.domain_events.dedupe_key IS 'What it happened to: the same is told once.';
COMMENT ON COLUMN operations.domain_events.payload IS 'Figures and ids.';
COMMENT ON COLUMN operations.domain_events.occurred_at IS 'Logical time.';
COMMENT ON COLUMN operations.domain_events.recorded_at IS 'When it was written.';
COMMENT ON COLUMN operations.domain_events.transaction_id IS 'Transaction that wrote it: followers wait for all that began before, so that none commits behind their back.';
COMMENT ON COLUMN operations.domain_events.run_id IS 'Run that wrote it.';

CREATE FUNCTION operations.refuse_update() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'UPDATE on %.% is refused: what was told stays told', tg_table_schema, tg_table_name
        USING ERRCODE = 'restrict_violation';
END
$$;
COMMENT ON FUNCTION operations.refuse_update() IS 'Statement trigger of tables whose rows do not change, but grow old and go.';
CREATE TRIGGER domain_events_fixed BEFORE UPDATE ON operations.domain_events
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_update();
ALTER TABLE operations.domain_events ENABLE ALWAYS TRIGGER domain_events_fixed;

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
CREATE TRIGGER domain_events_announced AFTER INSERT ON operations.domain_events
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION operations.announce_domain_events();
ALTER TABLE operations.domain_events ENABLE ALWAYS TRIGGER domain_events_announced;

CREATE TABLE operations.event_followers (
    follower text CONSTRAINT event_followers_pkey PRIMARY KEY,
    transaction_id xid8 NOT NULL DEFAULT '0',
    event_id bigint NOT NULL DEFAULT 0,
    taken_at timestamptz
);
COMMENT ON TABLE operations.event_followers IS 'One row per app that follows the events: the last one it took.';
COMMENT ON COLUMN operations.event_followers.follower IS 'Name the app gave itself.';
COMMENT ON COLUMN operations.event_followers.transaction_id IS 'Transaction of the last event taken.';
COMMENT ON COLUMN operations.event_followers.event_id IS 'The last event taken.';
COMMENT ON COLUMN operations.event_followers.taken_at IS 'When.';

CREATE FUNCTION operations.take_domain_events(follower_name text, most integer DEFAULT 100)
RETURNS SETOF operations.domain_events
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    place operations.event_followers;
    taken operations.domain_events;
BEGIN
    INSERT INTO operations.event_followers (follower) VALUES (follower_name) ON CONFLICT DO NOTHING;
    SELECT * INTO place FROM operations.event_followers AS f WHERE f.follower = follower_name FOR UPDATE;
    FOR taken IN
        SELECT * FROM operations.domain_events AS e
        WHERE
            (e.transaction_id, e.event_id) > (place.transaction_id, place.event_id)
            AND e.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY e.transaction_id, e.event_id
        LIMIT most
    LOOP
        RETURN NEXT taken;
    END LOOP;
    IF taken.event_id IS NOT NULL THEN
        UPDATE operations.event_followers AS f
        SET transaction_id = taken.transaction_id, event_id = taken.event_id, taken_at = clock_timestamp()
        WHERE f.follower = follower_name;
    END IF;
END
$$;
COMMENT ON FUNCTION operations.take_domain_events(text, integer) IS 'The next events for a follower, oldest first. Its place moves with its own transaction: rolled back, they come again. Two workers take turns.';

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
    is_for_people boolean NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX alerts_created_at_idx ON operations.alerts (created_at);
COMMENT ON TABLE operations.alerts IS 'One row per message, written in the transaction of what it tells and sent later: an outbox.';
COMMENT ON COLUMN operations.alerts.alert_id IS 'Key.';
COMMENT ON COLUMN operations.alerts.dedupe_key IS 'What it tells: the same is told once.';
COMMENT ON COLUMN operations.alerts.severity IS 'info, warning, error or critical.';
COMMENT ON COLUMN operations.alerts.title IS 'One line.';
COMMENT ON COLUMN operations.alerts.body IS 'What is wrong and what to do.';
COMMENT ON COLUMN operations.alerts.tags IS 'Ids only: job, run, partition.';
COMMENT ON COLUMN operations.alerts.is_for_people IS 'Whether it goes to ALERT_URLS too, and not only to Sentry.';
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
