-- What the login lacks to let Dagster make its tables here, with what an administrator runs.
SELECT
    format('%s may not create tables in the database %s', current_user, current_database()) AS what,
    format('ALTER DATABASE %I OWNER TO %I', current_database(), current_user) AS remedy
WHERE
    to_regclass('public.event_logs') IS NULL
    AND NOT has_schema_privilege('public', 'CREATE')
