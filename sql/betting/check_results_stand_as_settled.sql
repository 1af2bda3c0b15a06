-- Games whose result was changed after bets were settled by it: nothing is settled again by itself.
SELECT
    s.game_id, s.status AS settled_as, s.home_score AS settled_home, s.away_score AS settled_away,
    g.status, g.home_score, g.away_score
FROM betting.game_settlements AS s
INNER JOIN betting.games AS g ON s.game_id = g.id
WHERE
    s.status <> g.status
    OR (s.status = 'completed' AND (s.home_score IS DISTINCT FROM g.home_score OR s.away_score IS DISTINCT FROM g.away_score))
ORDER BY s.game_id
