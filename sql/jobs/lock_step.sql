-- One run at a time writes a table; the lock ends with the transaction. :table is schema.table.
SELECT pg_advisory_xact_lock(hashtextextended(:table, 0))
