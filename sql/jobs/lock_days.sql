-- One run at a time writes a day of a table; runs of other days go on, and who takes the whole table (jobs/lock_step)
-- waits for all of them. In order of day: ranges that overlap wait for each other. :table is schema.table.
SELECT pg_advisory_xact_lock_shared(hashtextextended(:table, 0))
UNION ALL
SELECT pg_advisory_xact_lock(hashtextextended(:table || ':' || g.day::date, 0))
FROM generate_series(:first_day::date, :last_day::date, interval '1 day') AS g (day)
