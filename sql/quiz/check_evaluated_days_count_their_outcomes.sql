-- A day was closed with as many protected and broken streaks as its evaluations have.
WITH found AS (
    SELECT
        e.evaluated_on AS day,
        count(*) FILTER (WHERE e.outcome = 'protected') AS protected_count,
        count(*) FILTER (WHERE e.outcome = 'broken') AS broken_count
    FROM quiz.streak_evaluations AS e
    GROUP BY e.evaluated_on
)

SELECT d.day, d.protected_count, d.broken_count, f.protected_count AS protected_found, f.broken_count AS broken_found
FROM quiz.evaluated_days AS d
LEFT JOIN found AS f ON d.day = f.day
WHERE d.protected_count <> coalesce(f.protected_count, 0) OR d.broken_count <> coalesce(f.broken_count, 0)
ORDER BY d.day
