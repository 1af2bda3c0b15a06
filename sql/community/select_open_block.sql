-- Until when MEE6 asked us to wait; NULL when it does not.
SELECT max(b.blocked_until) AS blocked_until
FROM community.mee6_blocks AS b
WHERE b.blocked_until > :now
