-- One row per target; a repeated run adds what it found. $1: run, $2: logical time.
INSERT INTO operations.purges AS p (run_id, target, removed_count, purged_at)
SELECT $1, s.target, s.removed_count, $2
FROM staged_purges AS s
ON CONFLICT (run_id, target) DO UPDATE SET removed_count = p.removed_count + excluded.removed_count
