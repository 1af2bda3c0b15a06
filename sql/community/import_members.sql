-- Members from a file. A line is the member of its id, else of its account, also one that was removed; else a new
-- one, whose id is made up and says nothing. Empty cells change nothing.
-- Staged: staged_members(member_id, discord_id, discord_username, subscription_status, leaderboard_visible)
WITH removed AS MATERIALIZED (
    SELECT DISTINCT ON (r.discord_id) r.discord_id, r.member_id
    FROM community.removed_members AS r
    ORDER BY r.discord_id ASC, r.removed_at DESC
),

found AS MATERIALIZED (
    SELECT
        s.discord_id,
        s.discord_username,
        s.subscription_status,
        s.leaderboard_visible,
        coalesce(s.member_id, l.member_id, r.member_id, gen_random_uuid()::text) AS member_id
    FROM staged_members AS s
    LEFT JOIN community.members AS l ON s.discord_id = l.discord_id
    LEFT JOIN removed AS r ON s.discord_id = r.discord_id
),

wanted AS MATERIALIZED (
    SELECT
        f.member_id,
        e.member_id IS NULL AS is_new,
        f.discord_id <> e.discord_id AS is_relinked,
        coalesce(f.discord_id, e.discord_id) AS discord_id,
        coalesce(f.discord_username, e.discord_username) AS discord_username,
        coalesce(f.subscription_status, e.subscription_status, 'ACTIVE') AS subscription_status,
        coalesce(f.leaderboard_visible, e.leaderboard_visible, TRUE) AS leaderboard_visible
    FROM found AS f
    LEFT JOIN community.members AS e ON f.member_id = e.member_id
),

written AS (
    INSERT INTO community.members AS m (
        member_id, discord_id, discord_username, subscription_status, leaderboard_visible
    )
    SELECT w.member_id, w.discord_id, w.discord_username, w.subscription_status, w.leaderboard_visible
    FROM wanted AS w
    ON CONFLICT (member_id) DO UPDATE
        SET
            discord_id = excluded.discord_id,
            discord_username = excluded.discord_username,
            subscription_status = excluded.subscription_status,
            leaderboard_visible = excluded.leaderboard_visible
        WHERE
        (
            m.discord_id, m.discord_username, m.subscription_status, m.leaderboard_visible
        ) IS DISTINCT FROM (
            excluded.discord_id, excluded.discord_username, excluded.subscription_status,
            excluded.leaderboard_visible
        )
    RETURNING m.member_id
)

SELECT
    count(*) FILTER (WHERE w.is_new) AS added,
    count(*) FILTER (WHERE d.member_id IS NOT NULL AND NOT w.is_new) AS changed,
    count(*) FILTER (WHERE w.is_relinked) AS relinked,
    count(*) FILTER (WHERE d.member_id IS NULL) AS unchanged
FROM wanted AS w
LEFT JOIN written AS d ON w.member_id = d.member_id
