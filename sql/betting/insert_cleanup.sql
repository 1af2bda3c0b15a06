-- $1: run id, $2: target, $3: how many, $4: logical time.
INSERT INTO betting.cleanups AS c (run_id, target, removed_count, cleaned_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id, target) DO UPDATE SET removed_count = c.removed_count + excluded.removed_count
