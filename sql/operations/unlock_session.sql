-- The lock of a prepared step is that of its transaction now. $1: schema.table.
SELECT pg_advisory_unlock(hashtextextended($1, 0))
