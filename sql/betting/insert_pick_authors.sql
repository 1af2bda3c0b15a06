-- Who made the picks that the staged bets follow.
-- Staged: staged_outcomes(bet_id)
INSERT INTO betting.pick_authors (post_id, user_id)
SELECT DISTINCT p.id, p.user_id
FROM staged_outcomes AS s
INNER JOIN betting.bets AS b ON s.bet_id = b.id
INNER JOIN betting.posts AS p ON b.original_pick_id = p.id
ON CONFLICT (post_id) DO NOTHING
