-- One run at a time prepares what a table is written with; held between transactions. $1: schema.table.
SELECT pg_advisory_lock(hashtextextended($1, 0))
