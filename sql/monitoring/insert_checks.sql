-- A check is watched from the first look on, so one that is never evaluated is noticed.
INSERT INTO operations.check_results (table_name, check_name, known_since)
SELECT c.table_name, c.check_name, :now
FROM unnest(:tables::text[], :names::text[]) AS c (table_name, check_name)
ON CONFLICT (table_name, check_name) DO NOTHING
