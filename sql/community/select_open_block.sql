-- $1: now.
SELECT max(b.blocked_until) AS blocked_until
FROM community.mee6_blocks AS b
WHERE b.blocked_until > $1
