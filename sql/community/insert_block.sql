-- MEE6 refused at :blocked_at; of two refusals at once the longer wait counts.
INSERT INTO community.mee6_blocks (blocked_at, blocked_until)
VALUES (:blocked_at, :blocked_until)
ON CONFLICT (blocked_at) DO UPDATE SET
    blocked_until = greatest(community.mee6_blocks.blocked_until, excluded.blocked_until)
