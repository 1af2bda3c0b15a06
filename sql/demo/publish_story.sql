-- A story.
INSERT INTO betting.stories (id, user_id, created_at)
VALUES (:story_id, :user_id, :at)
