-- Whether Dagster has made its tables here: before its first start there is nothing to purge.
SELECT to_regclass('event_logs') IS NOT NULL AS is_there
