-- Figures go on under a pseudonym; what only says who somebody is, is removed.
WITH points AS (
    UPDATE community.member_points SET member_id = :pseudonym
    WHERE member_id = :member_id
    RETURNING 1
),

days AS (
    UPDATE community.daily_points SET member_id = :pseudonym
    WHERE member_id = :member_id
    RETURNING 1
),

activity AS (
    UPDATE community.member_activity SET member_id = :pseudonym
    WHERE member_id = :member_id
    RETURNING 1
),

streaks AS (
    UPDATE community.daily_streaks SET member_id = :pseudonym
    WHERE member_id = :member_id
    RETURNING 1
),

late AS (
    UPDATE community.late_members SET member_id = :pseudonym
    WHERE member_id = :member_id
    RETURNING 1
),

rejected AS (
    UPDATE community.rejected_transactions SET member_id = NULL
    WHERE member_id = :member_id
    RETURNING 1
),

states AS (
    DELETE FROM community.xp_states
    WHERE member_id = :member_id OR discord_id = any(:discord_ids::bigint[])
    RETURNING 1
),

missing AS (
    DELETE FROM community.missing_accounts
    WHERE discord_id = any(:discord_ids::bigint[])
    RETURNING 1
),

readings AS (
    DELETE FROM community.mee6_leaderboard_snapshot
    WHERE member_id = :member_id OR discord_id = any(:discord_ids::bigint[])
    RETURNING 1
),

removed AS (
    DELETE FROM community.removed_members
    WHERE member_id = :member_id OR discord_id = any(:discord_ids::bigint[])
    RETURNING 1
),

pages AS (
    DELETE FROM reports.engagement
    WHERE :member_id = any(member_ids)
    RETURNING 1
),

-- They have pictures, in which nobody finds a name.
posts AS (
    DELETE FROM operations.alerts
    WHERE is_for_community
    RETURNING 1
)

SELECT 'community.member_points' AS relation, count(*) AS changed FROM points
UNION ALL
SELECT 'community.daily_points', count(*) FROM days
UNION ALL
SELECT 'community.member_activity', count(*) FROM activity
UNION ALL
SELECT 'community.daily_streaks', count(*) FROM streaks
UNION ALL
SELECT 'community.late_members', count(*) FROM late
UNION ALL
SELECT 'community.rejected_transactions', count(*) FROM rejected
UNION ALL
SELECT 'community.xp_states', count(*) FROM states
UNION ALL
SELECT 'community.missing_accounts', count(*) FROM missing
UNION ALL
SELECT 'community.mee6_leaderboard_snapshot', count(*) FROM readings
UNION ALL
SELECT 'community.removed_members', count(*) FROM removed
UNION ALL
SELECT 'reports.engagement', count(*) FROM pages
UNION ALL
SELECT 'operations.alerts', count(*) FROM posts
