-- One run at a time prepares what a table is written with; held until it is unlocked, or its session ends. Another lock than the step's own (0), whose session is another. :table is schema.table.
SELECT pg_advisory_lock(hashtextextended(:table, 1))
