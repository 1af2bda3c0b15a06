-- A message in a chat.
INSERT INTO betting.messages (id, chat_id, user_id, created_at)
VALUES (:message_id::uuid, :chat_id::uuid, :user_id::uuid, :at)
