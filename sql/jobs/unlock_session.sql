-- The next run prepares; a session that goes on would keep it waiting. :table is schema.table.
SELECT pg_advisory_unlock(hashtextextended(:table, 1))
