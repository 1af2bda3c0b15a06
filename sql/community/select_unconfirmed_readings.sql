-- Accounts that the newest accepted reading did not confirm: of some of them nothing else is known.
SELECT r.discord_id, r.member_id
FROM community.mee6_leaderboard_snapshot AS r
WHERE
    r.sync_id = (
        SELECT max(s.sync_id) FROM community.mee6_syncs AS s
        WHERE s.status = 'accepted'
    )
    AND r.is_present IS NULL AND r.is_linked
