-- $1: UTC day of which XP has arrived.
INSERT INTO community.days (day)
VALUES ($1)
ON CONFLICT (day) DO UPDATE SET is_points_stale = TRUE, is_streaks_stale = TRUE, is_boards_stale = TRUE
