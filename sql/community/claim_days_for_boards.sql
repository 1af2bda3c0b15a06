-- Taken before reading: whatever arrives later marks the days stale again. $1, $2: first and last day.
UPDATE community.days SET is_boards_stale = FALSE
WHERE day BETWEEN $1 AND $2 AND is_boards_stale
