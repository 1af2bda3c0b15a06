-- Points per 100 XP now; 0 while the action is disabled or unknown.
SELECT coalesce(max(a.points) FILTER (WHERE a.enabled), 0) AS points_per_100_xp
FROM community.point_actions AS a
WHERE a.action = 'discord_activity'
