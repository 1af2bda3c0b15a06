-- Strikes since a moment. $1: the moment.
SELECT count(*) AS strikes
FROM community.mee6_blocks AS b
WHERE b.blocked_at > $1
