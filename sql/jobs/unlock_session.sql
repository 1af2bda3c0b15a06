-- What was prepared is used or given up: the next run may begin.
SELECT pg_advisory_unlock_all()
