-- How much a run removed. One that is repeated adds what it found.
INSERT INTO operations.purges AS p (run_id, target, removed_count, purged_at)
VALUES (:run_id, :target, :removed_count, :as_of)
ON CONFLICT (run_id, target) DO UPDATE SET removed_count = p.removed_count + excluded.removed_count
