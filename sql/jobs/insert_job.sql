-- A job is watched from its first start on, so one that never succeeds is noticed.
INSERT INTO operations.jobs (job_name, first_seen_at)
VALUES (:job_name, :now)
ON CONFLICT (job_name) DO NOTHING
