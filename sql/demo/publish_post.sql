-- A post, there for a day; its picture has a small one beside it.
INSERT INTO betting.posts (id, user_id, post_type, bet_id, media_url, thumbnail_url, created_at, expires_at)
VALUES (:post_id, :user_id, :post_type, :bet_id, :media_url, replace(:media_url::text, '.jpg', '-small.jpg'), :at, :at::timestamptz + interval '24 hours')
