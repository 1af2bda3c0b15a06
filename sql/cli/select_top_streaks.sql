-- The longest streaks that stand.
SELECT
    s.discord_username AS name,
    s.current_streak,
    s.longest_streak,
    s.last_active_on
FROM community.current_streaks AS s
WHERE s.current_streak > 0
ORDER BY s.current_streak DESC, s.longest_streak DESC, s.member_id ASC
LIMIT :most
