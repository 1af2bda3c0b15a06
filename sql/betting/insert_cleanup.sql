-- How much of a kind of leftover a run removed; what it removes later is added.
INSERT INTO betting.cleanups AS c (run_id, target, removed_count, cleaned_at)
VALUES (:run_id, :target, :removed_count, :as_of)
ON CONFLICT (run_id, target) DO UPDATE SET removed_count = c.removed_count + excluded.removed_count
