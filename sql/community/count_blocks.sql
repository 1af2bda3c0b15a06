-- Strikes since :since.
SELECT count(*) AS strikes
FROM community.mee6_blocks AS b
WHERE b.blocked_at > :since
