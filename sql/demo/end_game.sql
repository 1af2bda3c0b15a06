-- A game is over: completed, or cancelled without a score.
UPDATE betting.games SET status = :status, home_score = :home_score, away_score = :away_score, completed_at = :at
WHERE id = :game_id
