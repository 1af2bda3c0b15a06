-- $1: id, $2: author, $3: kind, $4: bet, $5: picture, $6: when.
INSERT INTO betting.posts (id, user_id, post_type, bet_id, media_url, thumbnail_url, created_at, expires_at)
VALUES ($1::uuid, $2::uuid, $3, $4::uuid, $5, replace($5::text, '.jpg', '-small.jpg'), $6, $6::timestamptz + interval '24 hours')
