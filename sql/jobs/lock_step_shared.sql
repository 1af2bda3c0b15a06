-- Several runs at once read what a table says, and nobody writes it (jobs/lock_step); ends with the transaction. :table is schema.table.
SELECT pg_advisory_xact_lock_shared(hashtextextended(:table, 0))
