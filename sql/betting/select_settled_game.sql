-- Game :game_id: by which result its bets were settled (NULL: none was), and what it is now (NULL: without a
-- score).
SELECT
    g.id AS game_id,
    CASE WHEN s.status = 'completed' THEN format('%s:%s', s.home_score, s.away_score) ELSE s.status END AS was,
    CASE
        WHEN g.status <> 'completed' THEN g.status
        WHEN g.home_score IS NOT NULL AND g.away_score IS NOT NULL THEN format('%s:%s', g.home_score, g.away_score)
    END AS is_now,
    (
        SELECT count(*) FROM betting.bets AS b
        WHERE b.game_id = g.id AND b.status = 'pending'
    ) AS pending
FROM betting.games AS g
LEFT JOIN betting.game_settlements AS s ON g.id = s.game_id
WHERE g.id = :game_id
