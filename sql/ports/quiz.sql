-- How the quiz jobs write what belongs to the app: one function for each kind of write. These are for tables of ours,
-- and for simple views over an app's. An adapter replaces a function where the app keeps it in another way.
--
-- A function takes rows with what they were read as, writes those that still are so, and returns these. The look
-- again is the WHERE of the statement that writes: PostgreSQL waits for a row that somebody is changing, and looks at
-- it as it is then (optimistic concurrency). A function that looks in one statement and writes in another loses what
-- the app did in between, unless it locks the rows first.

CREATE OR REPLACE FUNCTION quiz.grant_lives(grants quiz.life_grant[], as_of timestamptz)
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
UPDATE quiz.lives AS l SET
    current_lives = g.new_total,
    last_regen_at = CASE WHEN g.lives_added > 0 THEN greatest(l.last_regen_at, as_of) ELSE l.last_regen_at END,
    next_regen_at = g.next_regen_at,
    updated_at = greatest(l.updated_at, as_of)
FROM unnest(grants) AS g
WHERE
    l.user_id = g.user_id
    AND l.current_lives = g.current_lives
    AND l.max_lives = g.max_lives
    AND l.next_regen_at IS NOT DISTINCT FROM g.due_at
RETURNING l.user_id
$$;
COMMENT ON FUNCTION quiz.grant_lives(quiz.life_grant[], timestamptz) IS 'Port: give lives back and set when the next is due. Looks again at current_lives, max_lives and next_regen_at.';

CREATE OR REPLACE FUNCTION quiz.judge_streaks(judgements quiz.streak_judgement[], as_of timestamptz)
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
UPDATE quiz.player_progress AS p SET
    current_streak = CASE WHEN j.outcome = 'broken' THEN 0 ELSE p.current_streak END,
    protections_remaining = j.protections_left,
    updated_at = greatest(p.updated_at, as_of)
FROM unnest(judgements) AS j
WHERE
    p.user_id = j.user_id
    AND p.current_streak = j.current_streak
    AND p.protections_remaining = j.protections_remaining
    AND p.last_quiz_at = j.last_quiz_at
RETURNING p.user_id
$$;
COMMENT ON FUNCTION quiz.judge_streaks(quiz.streak_judgement[], timestamptz) IS 'Port: end a streak (broken) or use a protection (protected). Looks again at current_streak, protections_remaining, last_quiz_at.';

CREATE OR REPLACE FUNCTION quiz.expire_sessions(sessions quiz.overdue_session[], as_of timestamptz)
RETURNS TABLE (session_id text, user_id text)
LANGUAGE sql AS $$
UPDATE quiz.quiz_sessions AS q SET status = 'expired', completed_at = as_of
FROM unnest(sessions) AS s
WHERE
    q.id = s.session_id
    AND q.status = 'active'
    AND q.started_at = s.started_at
    AND q.expires_at IS NOT DISTINCT FROM s.expires_at
RETURNING q.id, q.user_id
$$;
COMMENT ON FUNCTION quiz.expire_sessions(quiz.overdue_session[], timestamptz) IS 'Port: end sessions whose time is up. Looks again at status (active), started_at and expires_at.';

-- What the app shows itself is written by an adapter's own function, or not at all (WRITE_BACK). It goes with the adapter.
DROP FUNCTION IF EXISTS quiz.write_back_rankings(quiz.player_figures[]);
