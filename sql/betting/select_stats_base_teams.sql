-- How many of the bets that are folded were on which team, of the users that are staged and not late.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
SELECT b.user_id, t.team, t.bets
FROM staged_users AS s
INNER JOIN betting.stats_bases AS b ON s.user_id = b.user_id
CROSS JOIN LATERAL unnest(b.teams, b.team_bets) AS t (team, bets)
WHERE NOT s.is_late
