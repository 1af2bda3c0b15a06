-- Badges of weeks that ended, statistics of bets that changed, XP that came late, references to media.

-- A week's badges are judged a last time after its end, once.
CREATE TABLE betting.badge_weeks (
    week_start date CONSTRAINT badge_weeks_pkey PRIMARY KEY,
    earned integer NOT NULL,
    lost integer NOT NULL,
    judged_at timestamptz NOT NULL,
    run_id text NOT NULL
);
COMMENT ON TABLE betting.badge_weeks IS 'One row per week whose badges stand for good. The first row is the week before the first that was judged. Append-only.';
COMMENT ON COLUMN betting.badge_weeks.week_start IS 'Monday of the week.';
COMMENT ON COLUMN betting.badge_weeks.earned IS 'Badges earned when it was judged for the last time.';
COMMENT ON COLUMN betting.badge_weeks.lost IS 'Badges lost then.';
COMMENT ON COLUMN betting.badge_weeks.judged_at IS 'Logical time, after the end of the week.';
COMMENT ON COLUMN betting.badge_weeks.run_id IS 'Run that judged.';
CREATE TRIGGER badge_weeks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON betting.badge_weeks
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE betting.badge_weeks ENABLE ALWAYS TRIGGER badge_weeks_append_only;
-- The newest week with badges is still to be judged; those before it stand as they are.
INSERT INTO betting.badge_weeks (week_start, earned, lost, judged_at, run_id)
SELECT max(u.week_start) - 7, 0, 0, max(u.week_start)::timestamp AT TIME ZONE 'UTC', 'migration'
FROM betting.user_badges AS u
HAVING count(*) > 0;

-- Settled bets are rows the app can change: what statistics were made of is compared with what is there.
CREATE TABLE betting.stats_sources (
    user_id uuid CONSTRAINT stats_sources_pkey PRIMARY KEY,
    digest bigint NOT NULL
);
COMMENT ON TABLE betting.stats_sources IS 'One row per user with statistics: the bets they were made of.';
COMMENT ON COLUMN betting.stats_sources.user_id IS 'User.';
COMMENT ON COLUMN betting.stats_sources.digest IS 'Of the settled bets, own ones and others'' on own picks; differs when any of them changed.';

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
COMMENT ON COLUMN quiz.counted_xp.board IS 'weekly or monthly.';
COMMENT ON COLUMN quiz.counted_xp.period_start IS 'First day of the period.';
COMMENT ON COLUMN quiz.counted_xp.member_id IS 'Player.';
COMMENT ON COLUMN quiz.counted_xp.events IS 'XP events of the period; what is more today came late. NULL: of a period that closed before this was counted.';
COMMENT ON COLUMN quiz.counted_xp.score IS 'Their XP.';
COMMENT ON COLUMN quiz.counted_xp.reached_at IS 'The latest that earned any.';
CREATE TRIGGER counted_xp_fixed BEFORE UPDATE ON quiz.counted_xp
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_update();
ALTER TABLE quiz.counted_xp ENABLE ALWAYS TRIGGER counted_xp_fixed;
INSERT INTO quiz.counted_xp (board, period_start, member_id, score, reached_at)
SELECT a.board, a.period_start, a.member_id, a.score, a.reached_at
FROM leaderboards.archived_rankings AS a
INNER JOIN leaderboards.closed_periods AS p
    ON a.domain = p.domain AND a.board = p.board AND a.period_start = p.period_start
WHERE a.domain = 'quiz' AND p.closed_at > now() - interval '35 days';

-- Where an app says which other texts refer to media.
INSERT INTO operations.app_relations (schema_name, relation_name) VALUES ('betting', 'media_references');
CREATE TABLE IF NOT EXISTS betting.media_references (
    reference text
);
COMMENT ON COLUMN betting.media_references.reference IS 'Any text that may refer to a picture or video: a URL, a key, HTML, JSON …';
