-- Accounts that the newest accepted reading did not confirm: of some of them nothing else is known. Where it
-- confirmed all, none of its partition is read.
SELECT r.discord_id, r.member_id
FROM community.mee6_leaderboard_snapshot AS r
WHERE
    (
        SELECT s.requested_count - s.found_count - s.missing_count
        FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted'
        ORDER BY s.sync_id DESC
        LIMIT 1
    ) > 0
    AND r.sync_id = (
        SELECT max(a.sync_id) FROM community.mee6_syncs AS a
        WHERE a.status = 'accepted'
    )
    AND r.is_present IS NULL AND r.is_linked
