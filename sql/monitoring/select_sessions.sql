-- Sessions of runs that are going on: each names its run, and a run without one has lost its process.
SELECT a.application_name AS session
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
