-- $1: Monday, $2: badges earned at the last, $3: lost, $4: logical time, $5: run id.
INSERT INTO betting.badge_weeks (week_start, earned, lost, judged_at, run_id)
VALUES ($1, $2, $3, $4, $5)
