-- A comment and a reaction. $1: id, $2: post, $3: author, $4: when.
WITH written AS (
    INSERT INTO betting.comments (id, post_id, user_id, body, created_at)
    VALUES ($1::uuid, $2::uuid, $3::uuid, 'Nice one', $4)
    RETURNING post_id, user_id, created_at
)

INSERT INTO betting.reactions (content_type, content_id, user_id, created_at)
SELECT 'post', w.post_id, w.user_id, w.created_at FROM written AS w
ON CONFLICT DO NOTHING
