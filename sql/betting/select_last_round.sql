-- The last corrected round of game $1; NULL if it was never corrected.
SELECT max(c.round) AS round
FROM betting.game_corrections AS c
WHERE c.game_id = $1
