-- Readings of one sync that differ from what is known of the account. For a new baseline all of them. For an
-- account never present before, also how long ago it was last confirmed to be absent.
WITH previous AS MATERIALIZED (
    SELECT max(y.sync_id) AS sync_id FROM community.mee6_syncs AS y
    WHERE y.status = 'accepted' AND y.sync_id < :sync_id
)

SELECT
    r.discord_id,
    r.member_id,
    r.xp,
    r.level,
    r.message_count,
    r.is_present,
    s.member_id AS state_member_id,
    s.account_id AS state_account_id,
    s.last_sync_id AS state_last_sync_id,
    s.is_present AS state_is_present,
    s.is_never_present AS state_is_never_present,
    s.xp AS state_xp,
    s.baseline_xp AS state_baseline_xp,
    s.whole_total AS state_whole_total,
    s.carry AS state_carry,
    s.level AS state_level,
    s.message_count AS state_message_count,
    coalesce(s.confirmed_sync_id, p.sync_id) AS confirmed_sync_id,
    CASE
        WHEN s.xp IS NULL AND s.member_id = r.member_id
            THEN r.sync_id - coalesce(s.confirmed_sync_id, p.sync_id, s.last_sync_id)
    END AS absent_seconds
FROM community.mee6_leaderboard_snapshot AS r
CROSS JOIN previous AS p
LEFT JOIN community.xp_states AS s ON r.discord_id = s.discord_id
WHERE
    r.sync_id = :sync_id AND r.is_linked
    AND CASE
        WHEN s.discord_id IS NULL THEN r.is_present IS NOT NULL
        WHEN r.is_present IS NULL THEN s.confirmed_sync_id IS NULL OR NOT s.is_linked
        ELSE
            :is_rebaseline
            OR NOT s.is_linked
            OR s.confirmed_sync_id IS NOT NULL
            OR s.member_id <> r.member_id
            OR s.is_present <> r.is_present
            OR (r.is_present AND (s.xp, s.level, s.message_count) IS DISTINCT FROM (r.xp, r.level, r.message_count))
    END
ORDER BY r.discord_id
