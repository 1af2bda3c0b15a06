-- How much content of each type expired or was removed by a run. What the same run adds later is added.
-- Staged: staged_expirations(content_type, action, item_count)
INSERT INTO betting.content_expirations AS c (run_id, content_type, action, item_count, expired_at)
SELECT :run_id, s.content_type, s.action, s.item_count, :as_of
FROM staged_expirations AS s
ON CONFLICT (run_id, content_type, action) DO UPDATE SET item_count = c.item_count + excluded.item_count
