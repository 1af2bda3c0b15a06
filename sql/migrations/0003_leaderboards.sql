-- Boards of any domain: what stands now, and what a week or a month ended with.

CREATE SCHEMA IF NOT EXISTS leaderboards;
COMMENT ON SCHEMA leaderboards IS 'Periods of leaderboards, closed once and kept; shared by every domain that ranks.';

CREATE TABLE leaderboards.boards (
    domain text NOT NULL,
    board text NOT NULL,
    day date NOT NULL,
    period_start date,
    members integer NOT NULL CONSTRAINT boards_members_check CHECK (members >= 0),
    version text NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT boards_pkey PRIMARY KEY (domain, board)
);
COMMENT ON TABLE leaderboards.boards IS 'One row per board as it stands now. Its version changes only when the board does.';
COMMENT ON COLUMN leaderboards.boards.domain IS 'Whose board: the schema that holds its rankings.';
COMMENT ON COLUMN leaderboards.boards.board IS 'global, weekly or monthly.';
COMMENT ON COLUMN leaderboards.boards.day IS 'UTC day it stands for.';
COMMENT ON COLUMN leaderboards.boards.period_start IS 'First day of its period; NULL for the global board.';
COMMENT ON COLUMN leaderboards.boards.members IS 'How many are ranked.';
COMMENT ON COLUMN leaderboards.boards.version IS 'Day and digest of the ranked rows.';
COMMENT ON COLUMN leaderboards.boards.computed_at IS 'When it last changed.';

CREATE TABLE leaderboards.closed_periods (
    domain text COLLATE "C" NOT NULL,
    board text COLLATE "C" NOT NULL,
    period_start date NOT NULL,
    period_end date NOT NULL,
    period text NOT NULL,
    members integer NOT NULL CONSTRAINT closed_periods_members_check CHECK (members >= 0),
    closed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id text NOT NULL,
    CONSTRAINT closed_periods_pkey PRIMARY KEY (domain, board, period_start),
    CONSTRAINT closed_periods_order_check CHECK (period_end > period_start)
);
COMMENT ON TABLE leaderboards.closed_periods IS 'One row per week or month whose final standings are archived. Append-only: a period closes once.';
COMMENT ON COLUMN leaderboards.closed_periods.domain IS 'Whose board.';
COMMENT ON COLUMN leaderboards.closed_periods.board IS 'weekly or monthly.';
COMMENT ON COLUMN leaderboards.closed_periods.period_start IS 'First day of the period.';
COMMENT ON COLUMN leaderboards.closed_periods.period_end IS 'First day after it.';
COMMENT ON COLUMN leaderboards.closed_periods.period IS 'ISO week (2026-W53) or month (2026-12).';
COMMENT ON COLUMN leaderboards.closed_periods.members IS 'How many are in the archive.';
COMMENT ON COLUMN leaderboards.closed_periods.closed_at IS 'When it was closed; what was recorded later is not in it.';
COMMENT ON COLUMN leaderboards.closed_periods.run_id IS 'Run that closed it.';
CREATE TRIGGER closed_periods_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON leaderboards.closed_periods
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE leaderboards.closed_periods ENABLE ALWAYS TRIGGER closed_periods_append_only;

CREATE TABLE leaderboards.archived_rankings (
    domain text COLLATE "C" NOT NULL,
    board text COLLATE "C" NOT NULL,
    period_start date NOT NULL,
    rank integer NOT NULL CONSTRAINT archived_rankings_rank_check CHECK (rank > 0),
    member_id text COLLATE "C" NOT NULL,
    score bigint NOT NULL,
    reached_at timestamptz,
    CONSTRAINT archived_rankings_pkey PRIMARY KEY (domain, board, period_start, rank)
);
COMMENT ON TABLE leaderboards.archived_rankings IS 'One row per closed period and rank: its final standings. Append-only, and complete once the period is closed.';
COMMENT ON COLUMN leaderboards.archived_rankings.domain IS 'Whose board.';
COMMENT ON COLUMN leaderboards.archived_rankings.board IS 'weekly or monthly.';
COMMENT ON COLUMN leaderboards.archived_rankings.period_start IS 'First day of the period.';
COMMENT ON COLUMN leaderboards.archived_rankings.rank IS '1 is best; unique.';
COMMENT ON COLUMN leaderboards.archived_rankings.member_id IS 'Member, as the domain knows them.';
COMMENT ON COLUMN leaderboards.archived_rankings.score IS 'Score in the period.';
COMMENT ON COLUMN leaderboards.archived_rankings.reached_at IS 'Latest time in the period at which the member scored.';
CREATE TRIGGER archived_rankings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON leaderboards.archived_rankings
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE leaderboards.archived_rankings ENABLE ALWAYS TRIGGER archived_rankings_append_only;

CREATE FUNCTION leaderboards.refuse_closed_periods() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    closed record;
BEGIN
    SELECT p.domain, p.board, p.period INTO closed
    FROM leaderboards.closed_periods AS p
    INNER JOIN (SELECT DISTINCT n.domain, n.board, n.period_start FROM inserted AS n) AS i
        ON p.domain = i.domain AND p.board = i.board AND p.period_start = i.period_start
    LIMIT 1;
    IF found THEN
        RAISE EXCEPTION 'the % board of % is closed for %: nothing is added', closed.board, closed.domain, closed.period
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION leaderboards.refuse_closed_periods() IS 'Statement trigger of the archive: the period is marked closed after its standings are in, and nothing comes later.';
CREATE TRIGGER archived_rankings_closed AFTER INSERT ON leaderboards.archived_rankings
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION leaderboards.refuse_closed_periods();
ALTER TABLE leaderboards.archived_rankings ENABLE ALWAYS TRIGGER archived_rankings_closed;

CREATE VIEW community.leaderboard_archive AS
SELECT
    a.board,
    p.period,
    a.period_start,
    p.period_end,
    a.rank,
    a.member_id,
    a.score,
    a.reached_at,
    p.closed_at
FROM leaderboards.archived_rankings AS a
INNER JOIN leaderboards.closed_periods AS p
    ON a.domain = p.domain AND a.board = p.board AND a.period_start = p.period_start
WHERE a.domain = 'community';
COMMENT ON VIEW community.leaderboard_archive IS 'One row per closed week or month and rank: final standings, as they were when the period closed.';
COMMENT ON COLUMN community.leaderboard_archive.board IS 'weekly or monthly.';
COMMENT ON COLUMN community.leaderboard_archive.period IS 'ISO week (2026-W53) or month (2026-12).';
COMMENT ON COLUMN community.leaderboard_archive.period_start IS 'First day of the period.';
COMMENT ON COLUMN community.leaderboard_archive.period_end IS 'First day after it.';
COMMENT ON COLUMN community.leaderboard_archive.rank IS '1 is best; unique.';
COMMENT ON COLUMN community.leaderboard_archive.member_id IS 'Member, ACTIVE or TRIALING at the close, who agreed to be shown.';
COMMENT ON COLUMN community.leaderboard_archive.score IS 'Points in the period.';
COMMENT ON COLUMN community.leaderboard_archive.reached_at IS 'Latest point-earning time in the period.';
COMMENT ON COLUMN community.leaderboard_archive.closed_at IS 'When the period was closed.';

-- Names as people may see them: hostile text in them is made harmless, for terminals, spreadsheets, chats.
CREATE FUNCTION community.shown_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    nullif(
        regexp_replace(
            btrim(left(normalize(regexp_replace(
                regexp_replace(
                    left(name, 1024),
                    E'[\u0001-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
                    '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]',
                    '', 'g'
                ),
                E'[\u0009-\u000d\u0020\u0085\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g'
            ), nfc), 64)),
            -- A spreadsheet takes what begins like this for a formula.
            '^([=+@-])', E'\'\\1'
        ),
        ''
    ),
    '(no name)'
);
COMMENT ON FUNCTION community.shown_name(text) IS 'A name without invisible or control characters, on one line, at most 64 long, and no formula.';

CREATE OR REPLACE VIEW community.current_leaderboards AS
WITH latest AS (
    SELECT max(d.day) AS day FROM community.leaderboard_rankings AS d
),

-- Two days by a sort: joined, everyone is compared with everyone until there are statistics.
both_days AS (
    SELECT
        r.board,
        r.rank,
        r.member_id,
        r.score,
        r.reached_at,
        r.period_start,
        r.day,
        lag(r.rank) OVER (PARTITION BY r.board, r.period_start, r.member_id ORDER BY r.day) AS rank_yesterday
    FROM community.leaderboard_rankings AS r
    WHERE r.day BETWEEN (SELECT l.day - 1 FROM latest AS l) AND (SELECT l.day FROM latest AS l)
)

SELECT
    r.board,
    r.rank,
    r.member_id,
    community.shown_name(m.discord_username) AS discord_username,
    r.score,
    r.reached_at,
    r.period_start,
    r.day,
    r.rank_yesterday,
    r.rank_yesterday - r.rank AS movement
FROM both_days AS r
INNER JOIN latest AS l ON r.day = l.day
INNER JOIN community.members AS m ON r.member_id = m.member_id;
COMMENT ON VIEW community.current_leaderboards IS 'One row per board and rank: the boards as last computed. Movement since yesterday: up is positive, NULL is new on the board of this period.';

CREATE OR REPLACE VIEW community.current_streaks AS
WITH computed AS (
    SELECT max(d.day) AS last_day FROM community.days AS d
    WHERE d.streaks_at IS NOT NULL
)

SELECT
    m.member_id,
    community.shown_name(m.discord_username) AS discord_username,
    CASE WHEN l.day >= computed.last_day THEN l.current_streak ELSE 0 END AS current_streak,
    coalesce(l.longest_streak, 0) AS longest_streak,
    l.last_active_on,
    computed.last_day AS computed_through
FROM community.members AS m
CROSS JOIN computed
LEFT JOIN LATERAL (
    SELECT s.day, s.current_streak, s.longest_streak, s.last_active_on
    FROM community.daily_streaks AS s
    WHERE s.member_id = m.member_id
    ORDER BY s.day DESC
    LIMIT 1
) AS l ON TRUE
WHERE m.subscription_status IN ('ACTIVE', 'TRIALING');
