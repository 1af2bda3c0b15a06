-- One run at a time writes a table; the lock ends with the transaction. $1: schema.table.
SELECT pg_advisory_xact_lock(hashtextextended($1, 0))
