-- Readings of one sync that differ from what is known of the account. For a new baseline all of them. For an
-- account never present before, also how long ago it was last recorded absent: usually at the previous sync,
-- so the search ends at its first row.
SELECT
    r.discord_id,
    r.member_id,
    r.xp,
    r.is_present,
    s.member_id AS state_member_id,
    s.account_id AS state_account_id,
    s.is_present AS state_is_present,
    s.is_never_present AS state_is_never_present,
    s.xp AS state_xp,
    s.baseline_xp AS state_baseline_xp,
    s.carry AS state_carry,
    CASE
        WHEN s.xp IS NULL AND s.member_id = r.member_id THEN r.sync_id - coalesce(a.sync_id, s.last_sync_id)
    END AS absent_seconds
FROM community.mee6_leaderboard_snapshot AS r
LEFT JOIN community.xp_states AS s ON r.discord_id = s.discord_id
LEFT JOIN LATERAL (
    SELECT y.sync_id
    FROM community.mee6_syncs AS y
    INNER JOIN community.mee6_leaderboard_snapshot AS p
        ON y.sync_id = p.sync_id AND r.discord_id = p.discord_id AND r.member_id = p.member_id
    WHERE
        y.status = 'accepted' AND y.sync_id < r.sync_id AND p.is_present IS NOT NULL
        AND s.xp IS NULL AND s.member_id = r.member_id AND r.is_present
    ORDER BY y.sync_id DESC
    LIMIT 1
) AS a ON TRUE
WHERE
    r.sync_id = :sync_id AND r.is_present IS NOT NULL
    AND (
        :is_rebaseline
        OR s.discord_id IS NULL
        OR s.member_id <> r.member_id
        OR s.is_present <> r.is_present
        OR (r.is_present AND s.xp IS DISTINCT FROM r.xp)
    )
ORDER BY r.discord_id
