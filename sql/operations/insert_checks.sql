-- A check is watched from the first look on. $1: tables, $2: names, $3: now.
INSERT INTO operations.check_results (table_name, check_name, known_since)
SELECT c.table_name, c.check_name, $3
FROM unnest($1::text[], $2::text[]) AS c (table_name, check_name)
ON CONFLICT (table_name, check_name) DO NOTHING
