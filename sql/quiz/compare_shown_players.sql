-- Where what the app shows of its players is not what our tables say. What it does not show (NULL) is not compared.
SELECT
    s.user_id AS id,
    f.figure,
    f.ours,
    f.shown
FROM quiz.shown_players AS s
LEFT JOIN quiz.player_progress AS p ON s.user_id = p.user_id
LEFT JOIN quiz.leaderboard_rankings AS g ON g.board = 'global' AND s.user_id = g.user_id
LEFT JOIN quiz.leaderboard_rankings AS w ON w.board = 'weekly' AND s.user_id = w.user_id
CROSS JOIN
    LATERAL (
        VALUES
        ('current_streak', p.current_streak::text, s.current_streak::text),
        ('global_score', coalesce(g.score, 0)::text, s.global_score::text),
        ('global_rank', g.rank::text, s.global_rank::text),
        ('weekly_score', coalesce(w.score, 0)::text, s.weekly_score::text),
        ('weekly_rank', w.rank::text, s.weekly_rank::text)
    ) AS f (figure, ours, shown)
WHERE f.shown IS NOT NULL AND f.ours IS DISTINCT FROM f.shown
ORDER BY s.user_id, f.figure
