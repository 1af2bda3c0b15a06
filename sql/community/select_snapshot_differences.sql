-- How a reading differs from what is known, worst first.
SELECT
    r.member_id,
    r.discord_id,
    s.xp AS xp_known,
    CASE WHEN r.is_present THEN r.xp END AS xp_read,
    CASE WHEN r.is_present THEN r.xp - s.xp END AS difference
FROM community.whole_readings AS r
INNER JOIN community.xp_states AS s ON r.discord_id = s.discord_id
WHERE
    r.sync_id = :sync_id AND r.member_id = s.member_id
    AND ((s.is_present AND r.is_present IS NOT TRUE) OR (r.is_present AND r.xp <> s.xp))
ORDER BY r.is_present ASC NULLS FIRST, abs(r.xp - s.xp) DESC, r.discord_id ASC
LIMIT :most
