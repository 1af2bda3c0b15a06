-- The last corrected round of :game_id; NULL if it was never corrected.
SELECT max(c.round) AS round
FROM betting.game_corrections AS c
WHERE c.game_id = :game_id
