-- Who was erased, as the list outside the database has it.
SELECT to_jsonb(e)::text AS line
FROM community.erasures AS e
ORDER BY e.erased_at, e.erasure_id
