-- What is made for people to read: the page of each day, and what was posted to the community.

CREATE SCHEMA IF NOT EXISTS reports;
COMMENT ON SCHEMA reports IS 'Pages and posts made for people, over the domains that are switched on.';

CREATE TABLE reports.engagement (
    day date CONSTRAINT engagement_pkey PRIMARY KEY,
    as_of timestamptz NOT NULL,
    html text NOT NULL,
    bytes integer NOT NULL CONSTRAINT engagement_bytes_check CHECK (bytes = octet_length(html)),
    digest text NOT NULL,
    sentences text[] NOT NULL,
    member_ids text[] NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    run_id text NOT NULL
);
COMMENT ON TABLE reports.engagement IS 'One row per day: the page of that day as it was last made.';
COMMENT ON COLUMN reports.engagement.day IS 'UTC day whose figures are the last on the page.';
COMMENT ON COLUMN reports.engagement.as_of IS 'Logical time of the page.';
COMMENT ON COLUMN reports.engagement.html IS 'The page, complete in itself. It has names of members who agreed to be shown then.';
COMMENT ON COLUMN reports.engagement.bytes IS 'Its size.';
COMMENT ON COLUMN reports.engagement.digest IS 'SHA-256 of it, in hexadecimal.';
COMMENT ON COLUMN reports.engagement.sentences IS 'The sentences at its top, without names.';
COMMENT ON COLUMN reports.engagement.member_ids IS 'Members of the community whom it names: when one of them is erased, it goes.';
COMMENT ON COLUMN reports.engagement.made_at IS 'When it was made.';
COMMENT ON COLUMN reports.engagement.run_id IS 'Run that made it.';

CREATE TABLE reports.weekly_posts (
    domain text COLLATE "C" NOT NULL,
    week_start date NOT NULL,
    members integer NOT NULL CONSTRAINT weekly_posts_members_check CHECK (members >= 0),
    posted_at timestamptz NOT NULL,
    run_id text NOT NULL,
    CONSTRAINT weekly_posts_pkey PRIMARY KEY (domain, week_start)
);
COMMENT ON TABLE reports.weekly_posts IS 'One row per closed week that was handed to the outbox for the community. Append-only: a week is posted once.';
COMMENT ON COLUMN reports.weekly_posts.domain IS 'Whose week.';
COMMENT ON COLUMN reports.weekly_posts.week_start IS 'Monday of the week.';
COMMENT ON COLUMN reports.weekly_posts.members IS 'How many names it has.';
COMMENT ON COLUMN reports.weekly_posts.posted_at IS 'Logical time of the run.';
COMMENT ON COLUMN reports.weekly_posts.run_id IS 'Run that wrote it.';

-- Triggers, also while session_replication_role is replica.

CREATE TRIGGER weekly_posts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reports.weekly_posts
FOR EACH STATEMENT EXECUTE FUNCTION operations.refuse_change();
ALTER TABLE reports.weekly_posts ENABLE ALWAYS TRIGGER weekly_posts_append_only;
