-- How long the streaks are that stand now.
SELECT b.streak, coalesce(sum(d.members), 0)::bigint AS members
FROM (
    VALUES (1, '1–2', 1, 2), (2, '3–5', 3, 5), (3, '6–10', 6, 10), (4, '11–20', 11, 20), (5, '21–40', 21, 40),
    (6, '41–65', 41, 65), (7, '66–130', 66, 130), (8, '131+', 131, NULL)
) AS b (position, streak, from_days, to_days)
LEFT JOIN community.streak_distribution AS d
    ON b.from_days <= d.current_streak AND (b.to_days IS NULL OR b.to_days >= d.current_streak)
GROUP BY b.position, b.streak
ORDER BY b.position
