-- One run at a time prepares what a table is written with; held between transactions. :table is schema.table.
SELECT pg_advisory_lock(hashtextextended(:table, 0))
