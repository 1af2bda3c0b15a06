-- The quiz domain: lives, streaks with protections, sessions, boards of XP.

CREATE SCHEMA IF NOT EXISTS quiz;
COMMENT ON SCHEMA quiz IS 'A quiz game: lives, streaks, sessions and boards of XP.';

INSERT INTO operations.app_relations (schema_name, relation_name) VALUES
('quiz', 'users'), ('quiz', 'xp_events'), ('quiz', 'lives'), ('quiz', 'player_progress'), ('quiz', 'quiz_sessions');

-- Written by the jobs.

CREATE TABLE quiz.life_regenerations (
    user_id text COLLATE "C" NOT NULL,
    regenerated_at timestamptz NOT NULL,
    lives_added integer NOT NULL CONSTRAINT life_regenerations_added_check CHECK (lives_added > 0),
    new_total integer NOT NULL CONSTRAINT life_regenerations_total_check CHECK (new_total >= lives_added),
    run_id text NOT NULL,
    waited_minutes double precision,
    CONSTRAINT life_regenerations_pkey PRIMARY KEY (regenerated_at, user_id)
);
COMMENT ON TABLE quiz.life_regenerations IS 'One row per player and tick that gave lives back. A row is not edited; old ones are removed.';
COMMENT ON COLUMN quiz.life_regenerations.user_id IS 'Player.';
COMMENT ON COLUMN quiz.life_regenerations.regenerated_at IS 'Logical time: the same tick gives nothing twice.';
COMMENT ON COLUMN quiz.life_regenerations.lives_added IS 'Lives given back.';
COMMENT ON COLUMN quiz.life_regenerations.new_total IS 'Lives then.';
COMMENT ON COLUMN quiz.life_regenerations.run_id IS 'Run that gave them.';
COMMENT ON COLUMN quiz.life_regenerations.waited_minutes IS 'Minutes since the life was lost, or since the one before it came back.';

CREATE TABLE quiz.evaluated_days (
    day date CONSTRAINT evaluated_days_pkey PRIMARY KEY,
    protected_count integer NOT NULL,
    broken_count integer NOT NULL,
    run_id text NOT NULL,
    evaluated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kept_count integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE quiz.evaluated_days IS 'One row per day at whose beginning all streaks were looked at. Append-only: a day is evaluated once, and none before it any more.';
COMMENT ON COLUMN quiz.evaluated_days.day IS 'UTC day.';
COMMENT ON COLUMN quiz.evaluated_days.protected_count IS 'Streaks that a protection saved.';
COMMENT ON COLUMN quiz.evaluated_days.broken_count IS 'Streaks that broke.';
COMMENT ON COLUMN quiz.evaluated_days.run_id IS 'Run that finished the day.';
COMMENT ON COLUMN quiz.evaluated_days.evaluated_at IS 'When.';
COMMENT ON COLUMN quiz.evaluated_days.kept_count IS 'Streaks that needed no protection, when it was judged.';

CREATE TABLE quiz.streak_evaluations (
    user_id text COLLATE "C" NOT NULL,
    evaluated_on date NOT NULL,
    outcome text NOT NULL CONSTRAINT streak_evaluations_outcome_check CHECK (outcome IN ('protected', 'broken')),
    streak_before integer NOT NULL CONSTRAINT streak_evaluations_streak_check CHECK (streak_before > 0),
    protections_left integer NOT NULL CONSTRAINT streak_evaluations_protections_check CHECK (protections_left >= 0),
    last_quiz_at timestamptz NOT NULL,
    run_id text NOT NULL,
    CONSTRAINT streak_evaluations_pkey PRIMARY KEY (evaluated_on, user_id)
);
CREATE INDEX streak_evaluations_user_idx ON quiz.streak_evaluations (user_id, evaluated_on);
COMMENT ON TABLE quiz.streak_evaluations IS 'One row per player and day on which a pause cost a protection or the streak. Append-only.';
COMMENT ON COLUMN quiz.streak_evaluations.user_id IS 'Player.';
COMMENT ON COLUMN quiz.streak_evaluations.evaluated_on IS 'UTC day, judged as it began: once.';
COMMENT ON COLUMN quiz.streak_evaluations.outcome IS 'protected: one protection was used, the streak stands; broken: the streak is zero.';
COMMENT ON COLUMN quiz.streak_evaluations.streak_before IS 'Streak before it.';
COMMENT ON COLUMN quiz.streak_evaluations.protections_left IS 'Protections after it.';
COMMENT ON COLUMN quiz.streak_evaluations.last_quiz_at IS 'The last quiz, more than 48 hours before.';
COMMENT ON COLUMN quiz.streak_evaluations.run_id IS 'Run that judged.';

CREATE TABLE quiz.leaderboard_rankings (
    board text COLLATE "C" NOT NULL CONSTRAINT leaderboard_rankings_board_check CHECK (board ~ '^[a-z]+$'),
    user_id text COLLATE "C" NOT NULL,
    rank integer CONSTRAINT leaderboard_rankings_positive_check CHECK (rank > 0),
    score bigint NOT NULL,
    reached_at timestamptz,
    ranked_at timestamptz NOT NULL,
    CONSTRAINT leaderboard_rankings_pkey PRIMARY KEY (board, user_id),
    CONSTRAINT leaderboard_rankings_rank_key UNIQUE (board, rank),
    CONSTRAINT leaderboard_rankings_unranked_check CHECK ((rank IS NULL) = (score <= 0))
);
COMMENT ON TABLE quiz.leaderboard_rankings IS 'One row per board and player: the boards as they stand.';
COMMENT ON COLUMN quiz.leaderboard_rankings.board IS 'global (XP of a lifetime), or a board with periods (XP earned in the period): weekly, monthly.';
COMMENT ON COLUMN quiz.leaderboard_rankings.user_id IS 'Player.';
COMMENT ON COLUMN quiz.leaderboard_rankings.rank IS '1 is best; unique. NULL without XP.';
COMMENT ON COLUMN quiz.leaderboard_rankings.score IS 'XP.';
COMMENT ON COLUMN quiz.leaderboard_rankings.reached_at IS 'Latest time at which XP was earned; decides ties.';
COMMENT ON COLUMN quiz.leaderboard_rankings.ranked_at IS 'Logical time at which this row last changed.';

-- XP of a period as it was when the period closed.
CREATE TABLE quiz.counted_xp (
    board text COLLATE "C" NOT NULL,
    period_start date NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    events bigint CONSTRAINT counted_xp_events_check CHECK (events > 0),
    score bigint NOT NULL,
    reached_at timestamptz,
    CONSTRAINT counted_xp_pkey PRIMARY KEY (board, period_start, member_id)
);
COMMENT ON TABLE quiz.counted_xp IS 'One row per player and period that closed in the last weeks: the XP events there were then. A row is not edited; old ones are removed.';
COMMENT ON COLUMN quiz.counted_xp.board IS 'A board with periods: weekly, monthly.';
COMMENT ON COLUMN quiz.counted_xp.period_start IS 'First day of the period.';
COMMENT ON COLUMN quiz.counted_xp.member_id IS 'Player.';
COMMENT ON COLUMN quiz.counted_xp.events IS 'XP events of the period; what is more today came late. NULL: of a period that closed before this was counted.';
COMMENT ON COLUMN quiz.counted_xp.score IS 'Their XP.';
COMMENT ON COLUMN quiz.counted_xp.reached_at IS 'The latest that earned any.';

-- What views for analysts are made of: the past, counted every night, so that a year of it is read at once.

CREATE TABLE quiz.daily_totals (
    day date CONSTRAINT daily_totals_pkey PRIMARY KEY,
    active_players bigint NOT NULL,
    weekly_active_players bigint NOT NULL,
    monthly_active_players bigint NOT NULL,
    xp bigint NOT NULL,
    CONSTRAINT daily_totals_windows_check
    CHECK (active_players <= weekly_active_players AND weekly_active_players <= monthly_active_players)
);
COMMENT ON TABLE quiz.daily_totals IS 'One row per UTC day from the first activity to the day before yesterday: who was active, in a week and a month of days to it.';
COMMENT ON COLUMN quiz.daily_totals.day IS 'UTC day.';
COMMENT ON COLUMN quiz.daily_totals.active_players IS 'Players who began a session or gained XP on the day.';
COMMENT ON COLUMN quiz.daily_totals.weekly_active_players IS 'On at least one of the 7 days to it.';
COMMENT ON COLUMN quiz.daily_totals.monthly_active_players IS 'On at least one of the 30 days to it.';
COMMENT ON COLUMN quiz.daily_totals.xp IS 'XP earned on the day.';

CREATE TABLE quiz.hourly_sessions (
    day date NOT NULL,
    hour bigint NOT NULL CONSTRAINT hourly_sessions_hour_check CHECK (hour BETWEEN 0 AND 23),
    sessions bigint NOT NULL CONSTRAINT hourly_sessions_sessions_check CHECK (sessions > 0),
    completed bigint NOT NULL,
    abandoned bigint NOT NULL,
    CONSTRAINT hourly_sessions_pkey PRIMARY KEY (day, hour)
);
COMMENT ON TABLE quiz.hourly_sessions IS 'One row per UTC day and hour in which sessions began, for the days of daily_totals: what became of them.';
COMMENT ON COLUMN quiz.hourly_sessions.day IS 'UTC day on which they began.';
COMMENT ON COLUMN quiz.hourly_sessions.hour IS 'Hour, 0 to 23.';
COMMENT ON COLUMN quiz.hourly_sessions.sessions IS 'Sessions that began.';
COMMENT ON COLUMN quiz.hourly_sessions.completed IS 'Played to the end.';
COMMENT ON COLUMN quiz.hourly_sessions.abandoned IS 'Left by the player, or expired.';

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER life_regenerations_fixed BEFORE UPDATE ON quiz.life_regenerations
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_update();
ALTER TABLE quiz.life_regenerations ENABLE ALWAYS TRIGGER life_regenerations_fixed;

CREATE TRIGGER evaluated_days_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quiz.evaluated_days
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE quiz.evaluated_days ENABLE ALWAYS TRIGGER evaluated_days_append_only;

CREATE TRIGGER streak_evaluations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON quiz.streak_evaluations
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE quiz.streak_evaluations ENABLE ALWAYS TRIGGER streak_evaluations_append_only;

CREATE TRIGGER counted_xp_fixed BEFORE UPDATE ON quiz.counted_xp
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_update();
ALTER TABLE quiz.counted_xp ENABLE ALWAYS TRIGGER counted_xp_fixed;

-- Views for analysts and apps.

CREATE VIEW quiz.current_leaderboards AS
SELECT
    r.board,
    r.rank,
    r.user_id,
    operations.shown_name(u.username) AS username,
    r.score,
    r.reached_at,
    b.period_start,
    b.day
FROM quiz.leaderboard_rankings AS r
INNER JOIN quiz.users AS u ON r.user_id = u.id
LEFT JOIN leaderboards.boards AS b ON b.domain = 'quiz' AND r.board = b.board;
COMMENT ON VIEW quiz.current_leaderboards IS 'One row per board and player, with names made harmless. Rank is NULL without XP.';

CREATE VIEW quiz.leaderboard_archive AS
SELECT
    a.board,
    a.period,
    a.period_start,
    a.period_end,
    a.rank,
    a.member_id AS user_id,
    a.score,
    a.reached_at,
    a.closed_at
FROM leaderboards.archive AS a
WHERE a.domain = 'quiz';
COMMENT ON VIEW quiz.leaderboard_archive IS 'One row per closed week or month and rank: final standings, as they were when the period closed.';

-- What the ports take (sql/ports): rows with what they were read as.

CREATE TYPE quiz.life_grant AS (
    user_id text,
    current_lives integer,
    max_lives integer,
    due_at timestamptz,
    lives_added integer,
    new_total integer,
    next_regen_at timestamptz
);
COMMENT ON TYPE quiz.life_grant IS 'Lives to give: current_lives, max_lives and due_at (next_regen_at) as they were read, then what is to be.';

CREATE TYPE quiz.streak_judgement AS (
    user_id text,
    current_streak integer,
    protections_remaining integer,
    last_quiz_at timestamptz,
    outcome text,
    protections_left integer
);
COMMENT ON TYPE quiz.streak_judgement IS 'A streak that paused: as it was read, then the outcome (protected, broken) and the protections left.';

CREATE TYPE quiz.overdue_session AS (
    session_id text,
    started_at timestamptz,
    expires_at timestamptz
);
COMMENT ON TYPE quiz.overdue_session IS 'A session whose time is up, as it was read.';

CREATE TYPE quiz.player_figures AS (
    user_id text,
    global_score bigint,
    global_rank integer,
    weekly_score bigint,
    weekly_rank integer
);
COMMENT ON TYPE quiz.player_figures IS 'What an app shows of a player itself: XP of a lifetime and of this week, and ranks by them, NULL without XP.';
