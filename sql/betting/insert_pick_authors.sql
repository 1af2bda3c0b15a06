-- Who made the picks that the bets of a unit follow.
INSERT INTO betting.pick_authors (post_id, user_id)
SELECT DISTINCT p.id, p.user_id
FROM unit_results AS r
INNER JOIN betting.posts AS p ON r.original_pick_id = p.id
ON CONFLICT (post_id) DO NOTHING
