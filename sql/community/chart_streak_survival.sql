-- Which share of the streaks that came so far went on.
SELECT s.length, s.survived, s.reached
FROM community.streak_survival AS s
WHERE s.length <= 60
ORDER BY s.length
