-- Texts that name somebody (:pattern) name nobody any more; a reason is emptied, an event removed, for what was
-- told is not rewritten.
WITH runs AS (
    UPDATE operations.job_executions SET
        message = regexp_replace(message, :pattern, :replacement, 'g'),
        details = regexp_replace(details::text, :pattern, :replacement, 'g')::jsonb
    WHERE message ~ :pattern OR details::text ~ :pattern
    RETURNING 1
),

checks AS (
    UPDATE operations.check_results SET
        first_violations = regexp_replace(first_violations::text, :pattern, :replacement, 'g')::jsonb
    WHERE first_violations::text ~ :pattern
    RETURNING 1
),

incidents AS (
    UPDATE operations.incidents SET message = regexp_replace(message, :pattern, :replacement, 'g')
    WHERE message ~ :pattern
    RETURNING 1
),

alerts AS (
    UPDATE operations.alerts SET
        title = regexp_replace(title, :pattern, :replacement, 'g'),
        body = regexp_replace(body, :pattern, :replacement, 'g'),
        tags = regexp_replace(tags::text, :pattern, :replacement, 'g')::jsonb,
        failures = regexp_replace(failures::text, :pattern, :replacement, 'g')::jsonb
    WHERE concat_ws(' ', title, body, tags, failures) ~ :pattern
    RETURNING 1
),

deliveries AS (
    UPDATE operations.alert_deliveries SET error = regexp_replace(error, :pattern, :replacement, 'g')
    WHERE error ~ :pattern
    RETURNING 1
),

events AS (
    DELETE FROM operations.domain_events
    WHERE concat_ws(' ', dedupe_key, payload) ~ :pattern
    RETURNING 1
),

failed AS (
    UPDATE community.mee6_syncs SET error = regexp_replace(error, :pattern, :replacement, 'g')
    WHERE error ~ :pattern
    RETURNING 1
)

SELECT 'operations.job_executions' AS relation, count(*) AS changed FROM runs
UNION ALL
SELECT 'operations.check_results', count(*) FROM checks
UNION ALL
SELECT 'operations.incidents', count(*) FROM incidents
UNION ALL
SELECT 'operations.alerts', count(*) FROM alerts
UNION ALL
SELECT 'operations.alert_deliveries', count(*) FROM deliveries
UNION ALL
SELECT 'operations.domain_events', count(*) FROM events
UNION ALL
SELECT 'community.mee6_syncs', count(*) FROM failed
