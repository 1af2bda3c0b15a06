-- Until when MEE6 asked us to wait; NULL when it does not. One that is still to come was noted by a host whose clock was ahead, which a wait of hours is not to follow from; a minute is what clocks may differ.
SELECT max(b.blocked_until) AS blocked_until
FROM community.mee6_blocks AS b
WHERE b.blocked_until > :now AND b.blocked_at <= :now + interval '1 minute'
