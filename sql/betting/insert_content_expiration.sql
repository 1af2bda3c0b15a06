-- $1: run id, $2: kind of content, $3: expired or removed, $4: how many, $5: logical time.
INSERT INTO betting.content_expirations AS c (run_id, content_type, action, item_count, expired_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (run_id, content_type, action) DO UPDATE SET item_count = c.item_count + excluded.item_count
