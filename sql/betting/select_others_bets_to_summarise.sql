-- Settled bets of others on picks of the users that are staged: those settled from :since, and of who is late all.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
SELECT b.id AS bet_id, s.user_id, b.net, b.settled_at
FROM betting.bets AS b
INNER JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
INNER JOIN staged_users AS s ON a.user_id = s.user_id
WHERE b.status <> 'pending' AND b.user_id <> s.user_id AND b.settled_at >= :since
UNION ALL
SELECT b.id, s.user_id, b.net, b.settled_at
FROM staged_users AS s
INNER JOIN betting.pick_authors AS a ON s.user_id = a.user_id
INNER JOIN betting.bets AS b ON a.post_id = b.original_pick_id
WHERE s.is_late AND b.status <> 'pending' AND b.user_id <> s.user_id AND (b.settled_at >= :since) IS NOT TRUE
