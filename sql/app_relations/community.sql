-- What the community jobs need of an app, as tables of ours: for who has no app. Nothing that exists is
-- touched. Made by `make contract` from trc_pipelines/community/relations.py: change it there.

CREATE SCHEMA IF NOT EXISTS community;

DO $$
DECLARE
    wanted text[] := ARRAY['members', 'point_actions', 'point_transactions'];
    missing text;
BEGIN
-- A domain with a view belongs to an app. What is missing there was forgotten: an empty table in its place
-- would let every job succeed on nothing.
IF EXISTS (
    SELECT 1 FROM pg_class
    WHERE relnamespace = 'community'::regnamespace AND relname = ANY(wanted) AND relkind NOT IN ('r', 'p')
) THEN
    SELECT string_agg('community.' || name, ', ') INTO missing FROM unnest(wanted) AS name
    WHERE to_regclass('community.' || name) IS NULL;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the community app has views, and none in place of %: was it forgotten?', missing
        USING HINT = 'trc doctor prints a view to fill in, and an empty table if the app has no such thing.';
    END IF;
END IF;

IF to_regclass('community.members') IS NULL THEN
CREATE TABLE community.members (
    member_id text COLLATE "C" CONSTRAINT members_pkey PRIMARY KEY,
    discord_id bigint CONSTRAINT members_discord_id_check CHECK (discord_id > 0),
    discord_username text,
    subscription_status text NOT NULL DEFAULT 'NONE' CONSTRAINT members_subscription_status_check CHECK (subscription_status IN ('NONE', 'TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELLED')),
    leaderboard_visible boolean NOT NULL DEFAULT TRUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_discord_id_key UNIQUE (discord_id)
);
COMMENT ON TABLE community.members IS 'One row per member of the community, as the web app keeps it.';
COMMENT ON COLUMN community.members.member_id IS 'Key given by the app.';
COMMENT ON COLUMN community.members.discord_id IS 'Linked Discord account (snowflake), NULL when none is linked.';
COMMENT ON COLUMN community.members.discord_username IS 'Name to show; hostile text until cleaned.';
COMMENT ON COLUMN community.members.subscription_status IS 'NONE, TRIALING, ACTIVE, PAST_DUE or CANCELLED; streaks and boards show ACTIVE and TRIALING.';
COMMENT ON COLUMN community.members.leaderboard_visible IS 'Whether the member agreed to be on leaderboards.';
COMMENT ON COLUMN community.members.created_at IS 'When the member joined.';
END IF;

IF to_regclass('community.point_actions') IS NULL THEN
CREATE TABLE community.point_actions (
    action text CONSTRAINT point_actions_pkey PRIMARY KEY,
    points bigint NOT NULL,
    enabled boolean NOT NULL DEFAULT TRUE
);
COMMENT ON TABLE community.point_actions IS 'One row per action that earns points, and how many.';
COMMENT ON COLUMN community.point_actions.action IS 'What earns points.';
COMMENT ON COLUMN community.point_actions.points IS 'Points for one such action; for discord_activity, per 100 XP. A change applies to later postings only.';
COMMENT ON COLUMN community.point_actions.enabled IS 'A disabled action pays nothing, and is not paid later either.';
END IF;

IF to_regclass('community.point_transactions') IS NULL THEN
CREATE TABLE community.point_transactions (
    transaction_id text COLLATE "C" CONSTRAINT point_transactions_pkey PRIMARY KEY DEFAULT gen_random_uuid()::text,
    member_id text COLLATE "C" NOT NULL,
    action text NOT NULL,
    points bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    metadata jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE community.point_transactions IS 'One row per award the web app made itself.';
COMMENT ON COLUMN community.point_transactions.transaction_id IS 'Key given by the app.';
COMMENT ON COLUMN community.point_transactions.member_id IS 'Who earned them.';
COMMENT ON COLUMN community.point_transactions.action IS 'What earned them.';
COMMENT ON COLUMN community.point_transactions.points IS 'Points, negative for a deduction.';
COMMENT ON COLUMN community.point_transactions.created_at IS 'When they were earned.';
COMMENT ON COLUMN community.point_transactions.metadata IS 'Whatever the app adds.';
CREATE INDEX point_transactions_created_at_idx ON community.point_transactions (created_at, transaction_id);
END IF;

END
$$;
