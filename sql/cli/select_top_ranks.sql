-- The best of each board as last ranked, side by side.
SELECT
    l.rank,
    max(l.discord_username) FILTER (WHERE l.board = 'global') AS global_name,
    max(l.score) FILTER (WHERE l.board = 'global') AS global_points,
    max(l.discord_username) FILTER (WHERE l.board = 'weekly') AS weekly_name,
    max(l.score) FILTER (WHERE l.board = 'weekly') AS weekly_points,
    max(l.discord_username) FILTER (WHERE l.board = 'monthly') AS monthly_name,
    max(l.score) FILTER (WHERE l.board = 'monthly') AS monthly_points
FROM community.current_leaderboards AS l
WHERE l.rank <= :most
GROUP BY l.rank
ORDER BY l.rank
