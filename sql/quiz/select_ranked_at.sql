-- The logical time for which the boards stand; NULL before the first.
SELECT max(r.ranked_at) AS ranked_at
FROM quiz.leaderboard_rankings AS r
