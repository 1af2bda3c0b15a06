-- Whether Dagster has made its tables here.
SELECT to_regclass('event_logs') IS NOT NULL AS is_there
