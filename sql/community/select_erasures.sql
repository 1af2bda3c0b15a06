-- The digests of who was erased, and the key of each.
SELECT e.hash_key, d.digest
FROM community.erasures AS e
CROSS JOIN unnest(e.digests) AS d (digest)
