-- $1: id, $2: chat, $3: author, $4: when.
INSERT INTO betting.messages (id, chat_id, user_id, created_at)
VALUES ($1::uuid, $2::uuid, $3::uuid, $4)
