-- $1: blocked_at, $2: blocked_until.
INSERT INTO community.mee6_blocks (blocked_at, blocked_until)
VALUES ($1, $2)
ON CONFLICT (blocked_at) DO UPDATE SET
    blocked_until = greatest(community.mee6_blocks.blocked_until, excluded.blocked_until)
