-- The days' boards are written again.
DELETE FROM community.leaderboard_rankings
WHERE day BETWEEN :first_day AND :last_day
