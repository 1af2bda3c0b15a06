-- How the quiz jobs write the tables of quizz-app, which keeps its times in UTC without a zone.

-- What is due follows from when regeneration began, so that is moved on. It is NULL for who is full: left behind, it
-- would hand the next lost life straight back.
CREATE OR REPLACE FUNCTION quiz.grant_lives(grants quiz.life_grant[], as_of timestamptz)
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
UPDATE public.lives AS l SET
    "currentLives" = g.new_total,
    "lastRegenAt" = (g.next_regen_at - interval '30 minutes') AT TIME ZONE 'UTC',
    "updatedAt" = greatest(l."updatedAt", as_of AT TIME ZONE 'UTC')
FROM unnest(grants) AS g
WHERE
    l."userId" = g.user_id
    AND l."currentLives" = g.current_lives
    AND l."maxLives" = g.max_lives
    AND l."lastRegenAt" IS NOT DISTINCT FROM (g.due_at - interval '30 minutes') AT TIME ZONE 'UTC'
RETURNING l."userId"
$$;

-- Of three tables, so these are locked first and looked at after that: a statement of its own sees what was committed
-- meanwhile. The protection that expires first is used, which is to let it expire now.
CREATE OR REPLACE FUNCTION quiz.judge_streaks(judgements quiz.streak_judgement[], as_of timestamptz)
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
SELECT p."userId" FROM public.player_progress AS p
WHERE p."userId" IN (SELECT j.user_id FROM unnest(judgements) AS j)
ORDER BY p."userId"
FOR UPDATE;

SELECT t.id FROM public.streak_protections AS t
WHERE t."userId" IN (SELECT j.user_id FROM unnest(judgements) AS j)
ORDER BY t.id
FOR UPDATE;

WITH unchanged AS MATERIALIZED (
    SELECT j.user_id, j.outcome
    FROM unnest(judgements) AS j
    INNER JOIN quiz.player_progress AS p ON j.user_id = p.user_id
    WHERE
        p.current_streak = j.current_streak
        AND p.protections_remaining = j.protections_remaining
        AND p.last_quiz_at = j.last_quiz_at
),

next_used AS (
    SELECT DISTINCT ON (t."userId") t.id
    FROM public.streak_protections AS t
    INNER JOIN unchanged AS c ON t."userId" = c.user_id AND c.outcome = 'protected'
    WHERE t."expiresAt" > date_trunc('day', now() AT TIME ZONE 'UTC')
    ORDER BY t."userId", t."expiresAt", t.id
),

used AS (
    UPDATE public.streak_protections AS t SET "expiresAt" = as_of AT TIME ZONE 'UTC'
    FROM next_used AS n
    WHERE t.id = n.id
)

UPDATE public.player_progress AS p SET
    "currentStreak" = CASE WHEN c.outcome = 'broken' THEN 0 ELSE p."currentStreak" END,
    "updatedAt" = greatest(p."updatedAt", as_of AT TIME ZONE 'UTC')
FROM unchanged AS c
WHERE p."userId" = c.user_id
RETURNING p."userId"
$$;

-- The app's word is ABANDONED, with the time at which that was seen.
CREATE OR REPLACE FUNCTION quiz.expire_sessions(sessions quiz.overdue_session[], as_of timestamptz)
RETURNS TABLE (session_id text, user_id text)
LANGUAGE sql AS $$
UPDATE public.quiz_sessions AS q SET
    status = 'ABANDONED',
    "completedAt" = as_of AT TIME ZONE 'UTC',
    "updatedAt" = greatest(q."updatedAt", as_of AT TIME ZONE 'UTC')
FROM unnest(sessions) AS s
WHERE
    q.id = s.session_id
    AND q.status = 'IN_PROGRESS'
    AND q."startedAt" = s.started_at AT TIME ZONE 'UTC'
    AND q."expiresAt" = s.expires_at AT TIME ZONE 'UTC'
RETURNING q.id, q."userId"
$$;

-- What the app shows of its players itself, for WRITE_BACK=quiz. It needs, from the owner of the table (the policy where
-- row level security is on):
--   GRANT SELECT, INSERT, UPDATE ("globalScore", "weeklyScore", "globalRank", "weeklyRank", "updatedAt") ON public.player_rankings TO <login>;
--   CREATE POLICY trc_writes ON public.player_rankings TO <login> USING (TRUE);
--
-- Who is on no board any more has no score and no rank. Before there are boards nothing is said about anybody.
CREATE OR REPLACE FUNCTION quiz.write_back_rankings(players quiz.player_figures[])
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
WITH gone AS (
    UPDATE public.player_rankings AS r SET
        "globalScore" = 0, "weeklyScore" = 0, "globalRank" = NULL, "weeklyRank" = NULL,
        "updatedAt" = now() AT TIME ZONE 'UTC'
    WHERE
        cardinality(players) > 0
        AND r."userId" NOT IN (SELECT p.user_id FROM unnest(players) AS p)
        AND (r."globalScore", r."weeklyScore", r."globalRank", r."weeklyRank") IS DISTINCT FROM (0, 0, NULL, NULL)
    RETURNING r."userId"
),

ranked AS (
    INSERT INTO public.player_rankings AS r (
        id, "userId", "globalScore", "weeklyScore", "globalRank", "weeklyRank", "updatedAt"
    )
    SELECT
        gen_random_uuid()::text, u.id, p.global_score::integer, p.weekly_score::integer, p.global_rank, p.weekly_rank,
        now() AT TIME ZONE 'UTC'
    FROM unnest(players) AS p
    INNER JOIN public.users AS u ON p.user_id = u.id
    ORDER BY u.id
    ON CONFLICT ("userId") DO UPDATE SET
        "globalScore" = excluded."globalScore", "weeklyScore" = excluded."weeklyScore",
        "globalRank" = excluded."globalRank", "weeklyRank" = excluded."weeklyRank",
        "updatedAt" = excluded."updatedAt"
    WHERE
        (r."globalScore", r."weeklyScore", r."globalRank", r."weeklyRank")
        IS DISTINCT FROM (excluded."globalScore", excluded."weeklyScore", excluded."globalRank", excluded."weeklyRank")
    RETURNING r."userId"
)

SELECT g."userId" FROM gone AS g
UNION ALL
SELECT r."userId" FROM ranked AS r
$$;
