-- domain: quiz
-- quizz-app: a quiz app. Prisma: mixed-case columns, uuids kept as text, times in UTC without a zone. Nothing is added
-- to its tables. What is written, and how, is in ports.sql.
--
-- The login needs, from the owner of the tables (the policies where row level security is on):
--   GRANT SELECT (id, username, "createdAt") ON public.users TO <login>;
--   GRANT SELECT ("sessionId", "isCorrect") ON public.session_answers TO <login>;
--   GRANT SELECT, UPDATE (status, "completedAt", "updatedAt") ON public.quiz_sessions TO <login>;
--   GRANT SELECT, UPDATE ("currentLives", "lastRegenAt", "updatedAt") ON public.lives TO <login>;
--   GRANT SELECT, UPDATE ("currentStreak", "updatedAt") ON public.player_progress TO <login>;
--   GRANT SELECT, UPDATE ("expiresAt") ON public.streak_protections TO <login>;
--   CREATE POLICY trc_reads ON public.users FOR SELECT TO <login> USING (TRUE);
--   CREATE POLICY trc_reads ON public.session_answers FOR SELECT TO <login> USING (TRUE);
--   CREATE POLICY trc_writes ON public.quiz_sessions TO <login> USING (TRUE);
--   CREATE POLICY trc_writes ON public.lives TO <login> USING (TRUE);
--   CREATE POLICY trc_writes ON public.player_progress TO <login> USING (TRUE);
--   CREATE POLICY trc_writes ON public.streak_protections TO <login> USING (TRUE);

CREATE SCHEMA IF NOT EXISTS quiz;

CREATE OR REPLACE VIEW quiz.users AS
SELECT
    u.id COLLATE "C" AS id,  -- noqa: RF03
    u.username::text AS username,
    u."createdAt" AT TIME ZONE 'UTC' AS created_at,
    NULL::timestamptz AS deleted_at
FROM public.users AS u;

-- The app keeps no XP events. What it adds to "currentXP" is 50 for each right answer of a session, when that is
-- completed: one event for each such session.
CREATE OR REPLACE VIEW quiz.xp_events AS
SELECT
    s.id COLLATE "C" AS id,  -- noqa: RF02
    s."userId" COLLATE "C" AS user_id,  -- noqa: RF02
    50 * count(*) AS amount,
    coalesce(s."completedAt", s."startedAt") AT TIME ZONE 'UTC' AS earned_at,
    'quiz_session' AS source,
    s.id COLLATE "C" AS session_id  -- noqa: RF02
FROM public.quiz_sessions AS s
INNER JOIN public.session_answers AS a ON s.id = a."sessionId" AND a."isCorrect"
WHERE s.status = 'COMPLETED'
GROUP BY s.id, s."userId", s."completedAt", s."startedAt";

-- The app keeps when regeneration began. A life is due half an hour later.
CREATE OR REPLACE VIEW quiz.lives AS
SELECT
    l."userId" COLLATE "C" AS user_id,  -- noqa: RF03
    l."currentLives" AS current_lives,
    l."maxLives" AS max_lives,
    l."lastRegenAt" AT TIME ZONE 'UTC' AS last_regen_at,
    CASE WHEN l."currentLives" < l."maxLives" THEN (l."lastRegenAt" + interval '30 minutes') AT TIME ZONE 'UTC' END AS next_regen_at,
    l."updatedAt" AT TIME ZONE 'UTC' AS updated_at
FROM public.lives AS l;

-- "lastPlayedAt" is never written: the last session that was completed counts. Protections are rows that expire, and
-- at most two count. Streaks are judged as a day begins, so one that had not expired then counts all day. A day that was
-- missed is judged with those of today.
CREATE OR REPLACE VIEW quiz.player_progress AS
WITH played AS (
    SELECT s."userId", max(coalesce(s."completedAt", s."startedAt")) AS last_at
    FROM public.quiz_sessions AS s
    WHERE s.status = 'COMPLETED'
    GROUP BY s."userId"
),

earned AS (
    SELECT s."userId", max(coalesce(s."completedAt", s."startedAt")) AS last_at
    FROM public.quiz_sessions AS s
    INNER JOIN public.session_answers AS a ON s.id = a."sessionId" AND a."isCorrect"
    WHERE s.status = 'COMPLETED'
    GROUP BY s."userId"
),

protected AS (
    SELECT t."userId", count(*) AS protections
    FROM public.streak_protections AS t
    WHERE t."expiresAt" > date_trunc('day', now() AT TIME ZONE 'UTC')
    GROUP BY t."userId"
)

SELECT
    p."userId" COLLATE "C" AS user_id,  -- noqa: RF02
    p."currentXP"::bigint AS xp,
    p."currentStreak" AS current_streak,
    p."longestStreak" AS longest_streak,
    least(coalesce(t.protections, 0), 2)::integer AS protections_remaining,
    played.last_at AT TIME ZONE 'UTC' AS last_quiz_at,
    earned.last_at AT TIME ZONE 'UTC' AS last_xp_at,
    p."updatedAt" AT TIME ZONE 'UTC' AS updated_at
FROM public.player_progress AS p
LEFT JOIN played ON p."userId" = played."userId"
LEFT JOIN earned ON p."userId" = earned."userId"
LEFT JOIN protected AS t ON p."userId" = t."userId";

-- The app has one word for what a player left and what expired. What ended at its deadline or later expired.
CREATE OR REPLACE VIEW quiz.quiz_sessions AS
SELECT
    s.id COLLATE "C" AS id,  -- noqa: RF03
    s."userId" COLLATE "C" AS user_id,  -- noqa: RF03
    CASE
        WHEN s.status = 'IN_PROGRESS' THEN 'active'
        WHEN s.status = 'ABANDONED' AND s."completedAt" >= s."expiresAt" THEN 'expired'
        ELSE lower(s.status::text)
    END AS status,
    s.score,
    s."startedAt" AT TIME ZONE 'UTC' AS started_at,
    s."expiresAt" AT TIME ZONE 'UTC' AS expires_at,
    s."completedAt" AT TIME ZONE 'UTC' AS completed_at
FROM public.quiz_sessions AS s;
