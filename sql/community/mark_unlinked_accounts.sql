-- Who is not in a complete reading was not linked then: what is gained until the next link is nobody's.
-- $1: sync id.
UPDATE community.xp_states AS x SET is_linked = FALSE
WHERE
    x.is_linked
    AND NOT EXISTS (
        SELECT 1 FROM community.mee6_leaderboard_snapshot AS r
        WHERE r.sync_id = $1 AND r.discord_id = x.discord_id AND r.member_id = x.member_id
    )
