-- $1: id, $2: author, $3: when.
INSERT INTO betting.stories (id, user_id, created_at)
VALUES ($1::uuid, $2::uuid, $3)
