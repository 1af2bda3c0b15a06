-- A job is watched from its first start on. $1: name, $2: now.
INSERT INTO operations.jobs (job_name, first_seen_at)
VALUES ($1, $2)
ON CONFLICT (job_name) DO NOTHING
