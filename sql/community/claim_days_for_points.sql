-- Taken before reading: whatever arrives later marks the days stale again. $1, $2: first and last day.
INSERT INTO community.days (day, is_points_stale, is_streaks_stale, is_boards_stale)
SELECT g.day::date, FALSE, FALSE, FALSE
FROM generate_series($1::date, $2::date, interval '1 day') AS g (day)
ON CONFLICT (day) DO UPDATE SET is_points_stale = FALSE
