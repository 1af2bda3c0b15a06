-- What Dagster keeps of runs (events, tags, configuration, ticks, verdicts of checks) names nobody any more.
WITH events AS (
    UPDATE event_logs SET event = regexp_replace(event, :pattern, :replacement, 'g')
    WHERE event ~ :pattern
    RETURNING 1
),

runs AS (
    UPDATE runs SET run_body = regexp_replace(run_body, :pattern, :replacement, 'g')
    WHERE run_body ~ :pattern
    RETURNING 1
),

tags AS (
    UPDATE run_tags SET value = regexp_replace(value, :pattern, :replacement, 'g')
    WHERE value ~ :pattern
    RETURNING 1
),

asset_tags AS (
    UPDATE asset_event_tags SET value = regexp_replace(value, :pattern, :replacement, 'g')
    WHERE value ~ :pattern
    RETURNING 1
),

assets AS (
    UPDATE asset_keys SET last_materialization = regexp_replace(last_materialization, :pattern, :replacement, 'g')
    WHERE last_materialization ~ :pattern
    RETURNING 1
),

checks AS (
    UPDATE asset_check_executions SET evaluation_event = regexp_replace(evaluation_event, :pattern, :replacement, 'g')
    WHERE evaluation_event ~ :pattern
    RETURNING 1
),

ticks AS (
    UPDATE job_ticks SET tick_body = regexp_replace(tick_body, :pattern, :replacement, 'g')
    WHERE tick_body ~ :pattern
    RETURNING 1
),

backfills AS (
    UPDATE bulk_actions SET body = regexp_replace(body, :pattern, :replacement, 'g')
    WHERE body ~ :pattern
    RETURNING 1
),

cursors AS (
    UPDATE instigators SET instigator_body = regexp_replace(instigator_body, :pattern, :replacement, 'g')
    WHERE instigator_body ~ :pattern
    RETURNING 1
)

SELECT
    (SELECT count(*) FROM events) + (SELECT count(*) FROM runs) + (SELECT count(*) FROM tags)
    + (SELECT count(*) FROM asset_tags) + (SELECT count(*) FROM assets) + (SELECT count(*) FROM checks)
    + (SELECT count(*) FROM ticks) + (SELECT count(*) FROM backfills) + (SELECT count(*) FROM cursors) AS changed
