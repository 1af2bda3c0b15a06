-- Erasures, as JSON: a new one, or those that a restored database does not know.
INSERT INTO community.erasures (erasure_id, erased_at, reason, hash_key, digests)
SELECT e.erasure_id, e.erased_at, e.reason, e.hash_key, e.digests
FROM jsonb_array_elements(:lines::jsonb) AS l (line)
CROSS JOIN jsonb_populate_record(NULL::community.erasures, l.line) AS e
ON CONFLICT (erasure_id) DO NOTHING
