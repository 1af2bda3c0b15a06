-- What was counted of periods that closed long ago: their archives are not checked against it any more.
WITH gone AS (
    DELETE FROM quiz.counted_xp AS c
    USING leaderboards.closed_periods AS p
    WHERE p.domain = 'quiz' AND c.board = p.board AND c.period_start = p.period_start AND p.closed_at < :before
    RETURNING 1
)

SELECT count(*) AS removed FROM gone
