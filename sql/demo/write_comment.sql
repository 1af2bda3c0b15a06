-- A comment and a reaction.
WITH written AS (
    INSERT INTO betting.comments (id, post_id, user_id, body, created_at)
    VALUES (:comment_id, :post_id, :user_id, 'Nice one', :at)
    RETURNING post_id, user_id, created_at
)

INSERT INTO betting.reactions (content_type, content_id, user_id, created_at)
SELECT 'post', w.post_id, w.user_id, w.created_at FROM written AS w
ON CONFLICT DO NOTHING
