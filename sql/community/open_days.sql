-- Rows of days from :first_day to :last_day, locked in order: who marks them later waits, and marks what is
-- then computed.
INSERT INTO community.days AS d (day, is_points_stale, is_streaks_stale, is_boards_stale)
SELECT g.day::date, FALSE, FALSE, FALSE
FROM generate_series(:first_day::date, :last_day::date, interval '1 day') AS g (day)
ORDER BY g.day
ON CONFLICT (day) DO UPDATE SET streaks_at = d.streaks_at
