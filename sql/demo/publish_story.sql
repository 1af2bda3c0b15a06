-- A story.
INSERT INTO betting.stories (id, user_id, created_at)
VALUES (:story_id::uuid, :user_id::uuid, :at)
