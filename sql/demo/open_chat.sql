-- $1: id, $2: hours that messages stay.
INSERT INTO betting.chats (id, settings)
VALUES ($1::uuid, jsonb_build_object('expiration_hours', $2::integer))
ON CONFLICT DO NOTHING
