-- Jobs are watched from their first start on. $1: names, $2: now.
INSERT INTO operations.jobs (job_name, first_seen_at)
SELECT n.job_name, $2
FROM unnest($1::text[]) AS n (job_name)
ON CONFLICT (job_name) DO NOTHING
