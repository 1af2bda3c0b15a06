-- How much content of a type expired or was removed (:action) by a run; what follows is added.
INSERT INTO betting.content_expirations AS c (run_id, content_type, action, item_count, expired_at)
VALUES (:run_id, :content_type, :action, :item_count, :as_of)
ON CONFLICT (run_id, content_type, action) DO UPDATE SET item_count = c.item_count + excluded.item_count
