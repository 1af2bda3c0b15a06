-- $1: dedupe key, $2: severity, $3: title, $4: body, $5: tags, $6: for people, $7: exceptions, $8: now.
INSERT INTO operations.alerts (dedupe_key, severity, title, body, tags, is_for_people, failures, created_at)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7::jsonb, $8)
ON CONFLICT (dedupe_key) DO NOTHING
