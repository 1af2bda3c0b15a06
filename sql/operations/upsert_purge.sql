-- A run that is repeated adds what it found. $1: run, $2: target, $3: how much, $4: logical time.
INSERT INTO operations.purges AS p (run_id, target, removed_count, purged_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (run_id, target) DO UPDATE SET removed_count = p.removed_count + excluded.removed_count
