-- A game is on the schedule.
INSERT INTO betting.games (id, sport, home_team, away_team, commence_time)
VALUES (:game_id, :sport, :home_team, :away_team, :commence_time)
ON CONFLICT DO NOTHING
