-- $1: id, $2: sport, $3: home, $4: away, $5: when it begins.
INSERT INTO betting.games (id, sport, home_team, away_team, commence_time)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
