-- What the quiz jobs need of an app, as tables of ours: for who has no app. Nothing that exists is
-- touched. Made by `make contract` from trc_pipelines/quiz/relations.py: change it there.

CREATE SCHEMA IF NOT EXISTS quiz;

DO $$
DECLARE
    wanted text[] := ARRAY['users', 'xp_events', 'lives', 'player_progress', 'quiz_sessions'];
    missing text;
BEGIN
-- A domain with a view belongs to an app. What is missing there was forgotten: an empty table in its place
-- would let every job succeed on nothing.
IF EXISTS (
    SELECT 1 FROM pg_class
    WHERE relnamespace = 'quiz'::regnamespace AND relname = ANY(wanted) AND relkind NOT IN ('r', 'p')
) THEN
    SELECT string_agg('quiz.' || name, ', ') INTO missing FROM unnest(wanted) AS name
    WHERE to_regclass('quiz.' || name) IS NULL;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the quiz app has views, and none in place of %: was it forgotten?', missing
        USING HINT = 'trc doctor prints a view to fill in, and an empty table if the app has no such thing.';
    END IF;
END IF;

IF to_regclass('quiz.users') IS NULL THEN
CREATE TABLE quiz.users (
    id text COLLATE "C" CONSTRAINT users_pkey PRIMARY KEY,
    username text,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
COMMENT ON TABLE quiz.users IS 'One row per player, as the quiz app keeps it.';
COMMENT ON COLUMN quiz.users.id IS 'Key given by the app.';
COMMENT ON COLUMN quiz.users.username IS 'Name to show; hostile text until cleaned.';
COMMENT ON COLUMN quiz.users.created_at IS 'When the player joined.';
COMMENT ON COLUMN quiz.users.deleted_at IS 'When the player left; NULL for those who are there. Who left is on no board.';
END IF;

IF to_regclass('quiz.xp_events') IS NULL THEN
CREATE TABLE quiz.xp_events (
    id text COLLATE "C" CONSTRAINT xp_events_pkey PRIMARY KEY DEFAULT gen_random_uuid()::text,
    user_id text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    earned_at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL,
    session_id text COLLATE "C",
    CONSTRAINT xp_events_source_key UNIQUE (source, session_id)
);
COMMENT ON TABLE quiz.xp_events IS 'One row per gain of XP, each source of a session once.';
COMMENT ON COLUMN quiz.xp_events.id IS 'Key given by the app.';
COMMENT ON COLUMN quiz.xp_events.user_id IS 'Who earned it.';
COMMENT ON COLUMN quiz.xp_events.amount IS 'XP; negative for a correction.';
COMMENT ON COLUMN quiz.xp_events.earned_at IS 'When; decides to which week and month it belongs.';
COMMENT ON COLUMN quiz.xp_events.source IS 'What it was earned for; a session pays once for each source.';
COMMENT ON COLUMN quiz.xp_events.session_id IS 'The session it was earned in, if any.';
CREATE INDEX xp_events_earned_at_idx ON quiz.xp_events (earned_at) INCLUDE (user_id, amount);
END IF;

IF to_regclass('quiz.lives') IS NULL THEN
CREATE TABLE quiz.lives (
    user_id text COLLATE "C" CONSTRAINT lives_pkey PRIMARY KEY,
    current_lives integer NOT NULL DEFAULT 5 CONSTRAINT lives_current_lives_check CHECK (current_lives >= 0),
    max_lives integer NOT NULL DEFAULT 5 CONSTRAINT lives_max_lives_check CHECK (max_lives >= 0),
    last_regen_at timestamptz,
    next_regen_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quiz.lives IS 'One row per player: lives now and when the next comes back. The app takes them, the job gives them back.';
COMMENT ON COLUMN quiz.lives.user_id IS 'Player.';
COMMENT ON COLUMN quiz.lives.current_lives IS 'Lives now; bought ones may exceed the maximum.';
COMMENT ON COLUMN quiz.lives.max_lives IS 'Up to which lives come back by themselves.';
COMMENT ON COLUMN quiz.lives.last_regen_at IS 'Logical time at which a life last came back.';
COMMENT ON COLUMN quiz.lives.next_regen_at IS 'When the next one is due. The app sets it when a life is lost and none is due; NULL when full.';
COMMENT ON COLUMN quiz.lives.updated_at IS 'When the row last changed.';
CREATE INDEX lives_due_idx ON quiz.lives (next_regen_at) WHERE current_lives < max_lives;
END IF;

IF to_regclass('quiz.player_progress') IS NULL THEN
CREATE TABLE quiz.player_progress (
    user_id text COLLATE "C" CONSTRAINT player_progress_pkey PRIMARY KEY,
    xp bigint NOT NULL DEFAULT 0,
    current_streak integer NOT NULL DEFAULT 0 CONSTRAINT player_progress_current_streak_check CHECK (current_streak >= 0),
    longest_streak integer NOT NULL DEFAULT 0 CONSTRAINT player_progress_longest_streak_check CHECK (longest_streak >= 0),
    protections_remaining integer NOT NULL DEFAULT 0 CONSTRAINT player_progress_protections_remaining_check CHECK (protections_remaining BETWEEN 0 AND 2),
    last_quiz_at timestamptz,
    last_xp_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE quiz.player_progress IS 'One row per player: XP, streak, protections. The app counts up, the job ends streaks.';
COMMENT ON COLUMN quiz.player_progress.user_id IS 'Player.';
COMMENT ON COLUMN quiz.player_progress.xp IS 'XP of a lifetime.';
COMMENT ON COLUMN quiz.player_progress.current_streak IS 'Streak as the app counts it; set to zero when it breaks.';
COMMENT ON COLUMN quiz.player_progress.longest_streak IS 'Longest streak ever; the jobs leave it alone.';
COMMENT ON COLUMN quiz.player_progress.protections_remaining IS 'How often a streak survives a pause, once a day.';
COMMENT ON COLUMN quiz.player_progress.last_quiz_at IS 'When the last quiz was played.';
COMMENT ON COLUMN quiz.player_progress.last_xp_at IS 'When XP was last earned.';
COMMENT ON COLUMN quiz.player_progress.updated_at IS 'When the row last changed.';
CREATE INDEX player_progress_streaks_idx ON quiz.player_progress (last_quiz_at) WHERE current_streak > 0;
END IF;

IF to_regclass('quiz.quiz_sessions') IS NULL THEN
CREATE TABLE quiz.quiz_sessions (
    id text COLLATE "C" CONSTRAINT quiz_sessions_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    status text NOT NULL DEFAULT 'active' CONSTRAINT quiz_sessions_status_check CHECK (status IN ('active', 'completed', 'expired', 'abandoned')),
    score integer NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    completed_at timestamptz
);
COMMENT ON TABLE quiz.quiz_sessions IS 'One row per session of a quiz. The app begins and completes them, and the job lets them expire.';
COMMENT ON COLUMN quiz.quiz_sessions.id IS 'Key given by the app.';
COMMENT ON COLUMN quiz.quiz_sessions.user_id IS 'Player.';
COMMENT ON COLUMN quiz.quiz_sessions.status IS 'active, completed or abandoned by the player, expired by the job.';
COMMENT ON COLUMN quiz.quiz_sessions.score IS 'Score in the quiz.';
COMMENT ON COLUMN quiz.quiz_sessions.started_at IS 'When it began; that cost a life.';
COMMENT ON COLUMN quiz.quiz_sessions.expires_at IS 'Until when it may be finished; NULL: ten minutes after it began.';
COMMENT ON COLUMN quiz.quiz_sessions.completed_at IS 'When it ended, in whatever way.';
CREATE INDEX quiz_sessions_expires_at_idx ON quiz.quiz_sessions (expires_at) WHERE status = 'active';
CREATE INDEX quiz_sessions_started_at_idx ON quiz.quiz_sessions (started_at) WHERE status = 'active' AND expires_at IS NULL;
CREATE INDEX quiz_sessions_began_idx ON quiz.quiz_sessions USING brin (started_at);
END IF;

END
$$;
