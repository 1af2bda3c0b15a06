-- A chat whose messages stay for :hours.
INSERT INTO betting.chats (id, settings)
VALUES (:chat_id, jsonb_build_object('expiration_hours', :hours::integer))
ON CONFLICT DO NOTHING
