-- $1: id, $2: completed or cancelled, $3, $4: score, $5: when.
UPDATE betting.games SET status = $2, home_score = $3, away_score = $4, completed_at = $5
WHERE id = $1
