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
COMMENT ON COLUMN leaderboards.boards.board IS 'global, or a board with periods: weekly, monthly.';
COMMENT ON COLUMN leaderboards.boards.day IS 'UTC day it stands for.';
COMMENT ON COLUMN leaderboards.boards.period_start IS 'First day of its period; NULL for the global board.';
COMMENT ON COLUMN leaderboards.boards.members IS 'How many are ranked.';
COMMENT ON COLUMN leaderboards.boards.version IS 'Day and digest of the ranked rows.';
COMMENT ON COLUMN leaderboards.boards.computed_at IS 'When it last changed.';

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
COMMENT ON COLUMN leaderboards.archived_rankings.board IS 'A board with periods: weekly, monthly.';
COMMENT ON COLUMN leaderboards.archived_rankings.period_start IS 'First day of the period.';
COMMENT ON COLUMN leaderboards.archived_rankings.rank IS '1 is best; unique.';
COMMENT ON COLUMN leaderboards.archived_rankings.member_id IS 'Who, by a key that the domain keeps for good: of the community the account, which does not say who.';
COMMENT ON COLUMN leaderboards.archived_rankings.score IS 'Score in the period.';
COMMENT ON COLUMN leaderboards.archived_rankings.reached_at IS 'Latest time in the period at which the member scored.';

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
COMMENT ON TABLE leaderboards.closed_periods IS 'One row per period whose final standings are archived. Append-only: a period closes once.';
COMMENT ON COLUMN leaderboards.closed_periods.domain IS 'Whose board.';
COMMENT ON COLUMN leaderboards.closed_periods.board IS 'A board with periods: weekly, monthly.';
COMMENT ON COLUMN leaderboards.closed_periods.period_start IS 'First day of the period.';
COMMENT ON COLUMN leaderboards.closed_periods.period_end IS 'First day after it.';
COMMENT ON COLUMN leaderboards.closed_periods.period IS 'As people call it: ISO week (2026-W53), month (2026-12).';
COMMENT ON COLUMN leaderboards.closed_periods.members IS 'How many are in the archive.';
COMMENT ON COLUMN leaderboards.closed_periods.closed_at IS 'When it was closed; what was recorded later is not in it.';
COMMENT ON COLUMN leaderboards.closed_periods.run_id IS 'Run that closed it.';

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

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER archived_rankings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON leaderboards.archived_rankings
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE leaderboards.archived_rankings ENABLE ALWAYS TRIGGER archived_rankings_append_only;
CREATE TRIGGER archived_rankings_closed AFTER INSERT ON leaderboards.archived_rankings
REFERENCING NEW TABLE AS inserted
FOR EACH STATEMENT EXECUTE FUNCTION leaderboards.refuse_closed_periods();
ALTER TABLE leaderboards.archived_rankings ENABLE ALWAYS TRIGGER archived_rankings_closed;

CREATE TRIGGER closed_periods_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON leaderboards.closed_periods
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE leaderboards.closed_periods ENABLE ALWAYS TRIGGER closed_periods_append_only;

-- What the domains show of it, each its own boards.

CREATE VIEW leaderboards.archive AS
SELECT
    a.domain,
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
    ON a.domain = p.domain AND a.board = p.board AND a.period_start = p.period_start;
COMMENT ON VIEW leaderboards.archive IS 'One row per domain, closed week or month, and rank: final standings, as they were when the period closed.';
