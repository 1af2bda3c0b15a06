-- A message in a chat.
INSERT INTO betting.messages (id, chat_id, user_id, created_at)
VALUES (:message_id, :chat_id, :user_id, :at)
