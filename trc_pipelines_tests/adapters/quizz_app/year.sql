-- A year of the quiz app that ends as today (UTC) begins; but for the date the same whenever it is made. Chances are
-- digests of what they are about.

CREATE FUNCTION pg_temp.chance(about text, of bigint DEFAULT 100) RETURNS bigint LANGUAGE sql AS
'SELECT (hashtextextended(about, 7) & 9007199254740991) % of';
CREATE FUNCTION pg_temp.id(about text) RETURNS text LANGUAGE sql AS 'SELECT md5(about)::uuid::text';
CREATE FUNCTION pg_temp.today() RETURNS timestamp LANGUAGE sql AS
$$SELECT date_trunc('day', now() AT TIME ZONE 'UTC')$$;

INSERT INTO users (id, email, password, name, username, "createdAt", "updatedAt")
SELECT pg_temp.id('u' || n), n || '@example.org', 'x', 'P' || n, 'player' || n, t - interval '1 year', t
FROM generate_series(1, 60) AS n, pg_temp.today() AS t;

-- Everybody last played between yesterday and eight days ago. What began last goes on, or was never ended.
CREATE TEMPORARY TABLE played AS
SELECT
    n,
    k,
    pg_temp.id(concat('s', n, ' ', k)) AS id,
    t - k * interval '1 day' + pg_temp.chance(concat('at', n, ' ', k), 80000000) * interval '1 millisecond' AS began_at,
    pg_temp.chance(concat('ends', n, ' ', k)) AS chance
FROM generate_series(1, 60) AS n, generate_series(1, 364) AS k, pg_temp.today() AS t
WHERE k > n % 9 AND pg_temp.chance(concat('plays', n, ' ', k)) < 20 + n;

INSERT INTO quiz_sessions (
    id, "userId", "difficultyId", status, score, "startedAt", "expiresAt", "completedAt", "createdAt", "updatedAt"
)
SELECT
    p.id,
    pg_temp.id('u' || p.n),
    'easy',
    (
        CASE WHEN p.chance < 85 THEN 'COMPLETED' WHEN p.chance < 98 THEN 'ABANDONED' ELSE 'IN_PROGRESS' END
    )::"SessionStatus",
    CASE WHEN p.chance < 85 THEN 100 ELSE 0 END,
    p.began_at,
    p.began_at + interval '10 minutes',
    CASE
        WHEN p.chance < 85 THEN p.began_at + interval '4 minutes' + p.chance * interval '1 second'
        WHEN p.chance < 90 THEN p.began_at + interval '2 minutes'  -- left
        WHEN p.chance < 98 THEN p.began_at + interval '31 minutes'  -- expired, as its old job saw
    END,
    p.began_at,
    p.began_at
FROM played AS p;
-- Two that end as the day begins, and one that goes on.
INSERT INTO quiz_sessions (id, "userId", "difficultyId", "startedAt", "expiresAt", "updatedAt")
SELECT pg_temp.id('last' || n), pg_temp.id('u' || n), 'easy', t + s.ends - interval '10 minutes', t + s.ends, t
FROM pg_temp.today() AS t, unnest(ARRAY['0', '1 millisecond', '3 hours']::interval[]) WITH ORDINALITY AS s (ends, n);

INSERT INTO session_answers (id, "sessionId", "questionId", "answerId", "isCorrect", "timeSpent", "pointsEarned", "answeredAt")
SELECT
    pg_temp.id(concat('a', p.id, q)),
    p.id,
    'q' || q,
    'a' || q,
    pg_temp.chance(concat('right', p.id, q)) < p.n,
    5,
    10,
    p.began_at + q * interval '10 seconds'
FROM played AS p
CROSS JOIN generate_series(1, 5) AS q;

INSERT INTO player_progress (
    id, "userId", "currentXP", "currentStreak", "longestStreak", "totalCorrect", "createdAt", "updatedAt"
)
SELECT
    pg_temp.id('p' || u.id),
    u.id,
    50 * count(a.id),
    CASE WHEN count(s.id) > 0 AND pg_temp.chance('streak' || u.id) < 80 THEN 1 + pg_temp.chance('long' || u.id, 30) ELSE 0 END,
    31,
    count(a.id),
    u."createdAt",
    pg_temp.today()
FROM users AS u
LEFT JOIN quiz_sessions AS s ON u.id = s."userId" AND s.status = 'COMPLETED'
LEFT JOIN session_answers AS a ON s.id = a."sessionId" AND a."isCorrect"
GROUP BY u.id;

-- None to three that are good for weeks, and some that were.
INSERT INTO streak_protections (id, "userId", "expiresAt", "createdAt")
SELECT pg_temp.id(concat('t', n, ' ', k)), pg_temp.id('u' || n), t + (9 + k + n % 5) * interval '1 day', t - interval '20 days'
FROM generate_series(1, 60) AS n, generate_series(1, 3) AS k, pg_temp.today() AS t
WHERE k <= n % 4;
INSERT INTO streak_protections (id, "userId", "expiresAt", "createdAt")
SELECT pg_temp.id('gone' || n), pg_temp.id('u' || n), t - (9 + n % 5) * interval '1 day', t - interval '40 days'
FROM generate_series(1, 60, 3) AS n, pg_temp.today() AS t;

-- From none to two more than by themselves; some lost one and it is not known when.
INSERT INTO lives (id, "userId", "currentLives", "lastRegenAt", "updatedAt")
SELECT
    pg_temp.id('l' || n),
    pg_temp.id('u' || n),
    n % 8,
    CASE WHEN n % 8 < 5 AND n % 11 > 0 THEN t - pg_temp.chance('since' || n, 14400000) * interval '1 millisecond' END,
    t - interval '4 hours'
FROM generate_series(1, 60) AS n, pg_temp.today() AS t;
