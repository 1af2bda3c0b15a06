-- What the betting jobs need of an app, as tables of ours: for who has no app. Nothing that exists is
-- touched. Made by `make contract` from trc_pipelines/betting/relations.py: change it there.

CREATE SCHEMA IF NOT EXISTS betting;

DO $$
DECLARE
    wanted text[] := ARRAY['users', 'games', 'bets', 'bankrolls', 'posts', 'stories', 'messages', 'comments', 'reactions', 'story_views', 'message_reads', 'chats', 'chat_members', 'reports', 'notifications', 'media_references'];
    missing text;
BEGIN
-- A domain with a view belongs to an app. What is missing there was forgotten: an empty table in its place
-- would let every job succeed on nothing.
IF EXISTS (
    SELECT 1 FROM pg_class
    WHERE relnamespace = 'betting'::regnamespace AND relname = ANY(wanted) AND relkind NOT IN ('r', 'p')
) THEN
    SELECT string_agg('betting.' || name, ', ') INTO missing FROM unnest(wanted) AS name
    WHERE to_regclass('betting.' || name) IS NULL;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the betting app has views, and none in place of %: was it forgotten?', missing
        USING HINT = 'trc doctor prints a view to fill in, and an empty table if the app has no such thing.';
    END IF;
END IF;

IF to_regclass('betting.users') IS NULL THEN
CREATE TABLE betting.users (
    id text COLLATE "C" CONSTRAINT users_pkey PRIMARY KEY,
    username text,
    referral_count integer NOT NULL DEFAULT 0 CONSTRAINT users_referral_count_check CHECK (referral_count >= 0),
    avatar_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
COMMENT ON TABLE betting.users IS 'One row per user, as the betting app keeps them.';
COMMENT ON COLUMN betting.users.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.users.username IS 'Name to show; hostile text until cleaned.';
COMMENT ON COLUMN betting.users.referral_count IS 'Users this one brought; each is worth more at the weekly reset.';
COMMENT ON COLUMN betting.users.avatar_url IS 'Picture, ours or somebody else''s.';
COMMENT ON COLUMN betting.users.created_at IS 'When the user joined.';
COMMENT ON COLUMN betting.users.deleted_at IS 'When the user left; NULL for those who are there.';
END IF;

IF to_regclass('betting.games') IS NULL THEN
CREATE TABLE betting.games (
    id text COLLATE "C" CONSTRAINT games_pkey PRIMARY KEY,
    sport text NOT NULL,
    home_team text NOT NULL,
    away_team text NOT NULL,
    commence_time timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'scheduled' CONSTRAINT games_status_check CHECK (status IN ('scheduled', 'live', 'completed', 'cancelled', 'postponed')),
    home_score integer,
    away_score integer,
    completed_at timestamptz
);
COMMENT ON TABLE betting.games IS 'One row per game, with its score once it is over.';
COMMENT ON COLUMN betting.games.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.games.sport IS 'NFL, NBA …';
COMMENT ON COLUMN betting.games.home_team IS 'Team that plays at home.';
COMMENT ON COLUMN betting.games.away_team IS 'Team that visits.';
COMMENT ON COLUMN betting.games.commence_time IS 'When it begins; bets placed from then on are void, unless live bets are taken.';
COMMENT ON COLUMN betting.games.status IS 'scheduled, live, completed, cancelled or postponed; only completed and cancelled games settle bets.';
COMMENT ON COLUMN betting.games.home_score IS 'Points of the home team.';
COMMENT ON COLUMN betting.games.away_score IS 'Points of the away team.';
COMMENT ON COLUMN betting.games.completed_at IS 'When it was over; no bet placed from then on counts.';
CREATE INDEX games_commence_time_idx ON betting.games (commence_time);
END IF;

IF to_regclass('betting.bets') IS NULL THEN
CREATE TABLE betting.bets (
    id text COLLATE "C" CONSTRAINT bets_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    game_id text COLLATE "C" NOT NULL,
    bet_type text NOT NULL,
    bet_details jsonb NOT NULL DEFAULT '{}',
    stake bigint NOT NULL CONSTRAINT bets_stake_check CHECK (stake > 0),
    odds bigint,
    potential_win bigint,
    is_tail boolean NOT NULL DEFAULT FALSE,
    is_fade boolean NOT NULL DEFAULT FALSE,
    original_pick_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT 'pending' CONSTRAINT bets_status_check CHECK (status IN ('pending', 'won', 'lost', 'push', 'cancelled')),
    payout bigint CONSTRAINT bets_payout_check CHECK (payout >= 0),
    net bigint,
    settled_at timestamptz,
    CONSTRAINT bets_settled_check CHECK ((status = 'pending') = (settled_at IS NULL))
);
COMMENT ON TABLE betting.bets IS 'One row per bet. The app places them, settlement decides them.';
COMMENT ON COLUMN betting.bets.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.bets.user_id IS 'Who placed it.';
COMMENT ON COLUMN betting.bets.game_id IS 'On which game.';
COMMENT ON COLUMN betting.bets.bet_type IS 'spread, total or moneyline.';
COMMENT ON COLUMN betting.bets.bet_details IS 'team, line, total_type (over, under).';
COMMENT ON COLUMN betting.bets.stake IS 'Cents at risk; they leave the balance when the bet is lost, not when it is placed.';
COMMENT ON COLUMN betting.bets.odds IS 'American odds.';
COMMENT ON COLUMN betting.bets.potential_win IS 'Cents won on top of the stake, as the user was promised; NULL: by the odds.';
COMMENT ON COLUMN betting.bets.is_tail IS 'Placed by tailing a pick.';
COMMENT ON COLUMN betting.bets.is_fade IS 'Placed by fading a pick.';
COMMENT ON COLUMN betting.bets.original_pick_id IS 'The post with the pick.';
COMMENT ON COLUMN betting.bets.created_at IS 'When it was placed.';
COMMENT ON COLUMN betting.bets.status IS 'pending until the settlement of its game decides.';
COMMENT ON COLUMN betting.bets.payout IS 'Cents that come back, stake included; NULL while pending.';
COMMENT ON COLUMN betting.bets.net IS 'Cents the balance moves by; NULL while pending.';
COMMENT ON COLUMN betting.bets.settled_at IS 'Logical time of the settlement; NULL while pending.';
CREATE INDEX bets_pending_idx ON betting.bets (game_id) WHERE status = 'pending';
CREATE INDEX bets_settled_at_idx ON betting.bets (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX bets_game_idx ON betting.bets (game_id);
CREATE INDEX bets_created_at_idx ON betting.bets USING brin (created_at);
CREATE INDEX bets_user_idx ON betting.bets (user_id);
CREATE INDEX bets_original_pick_idx ON betting.bets (original_pick_id) WHERE original_pick_id IS NOT NULL;
END IF;

IF to_regclass('betting.bankrolls') IS NULL THEN
CREATE TABLE betting.bankrolls (
    user_id text COLLATE "C" CONSTRAINT bankrolls_pkey PRIMARY KEY,
    balance bigint NOT NULL DEFAULT 100000 CONSTRAINT bankrolls_balance_check CHECK (balance >= 0),
    weekly_deposit bigint NOT NULL DEFAULT 100000,
    referral_bonus bigint NOT NULL DEFAULT 0,
    weekly_reset_at timestamptz,
    reset_count integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE betting.bankrolls IS 'One row per user: the balance, which is the sum of the ledger. The app creates the row.';
COMMENT ON COLUMN betting.bankrolls.user_id IS 'User.';
COMMENT ON COLUMN betting.bankrolls.balance IS 'Cents; the app sets the first, from then on only settlement, correction, adjustment and reset move it.';
COMMENT ON COLUMN betting.bankrolls.weekly_deposit IS 'Cents everybody starts a week with.';
COMMENT ON COLUMN betting.bankrolls.referral_bonus IS 'Cents on top for referrals, as of the last reset.';
COMMENT ON COLUMN betting.bankrolls.weekly_reset_at IS 'Boundary of the last reset: a Monday, 00:00 UTC.';
COMMENT ON COLUMN betting.bankrolls.reset_count IS 'How often it was reset.';
END IF;

IF to_regclass('betting.posts') IS NULL THEN
CREATE TABLE betting.posts (
    id text COLLATE "C" CONSTRAINT posts_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    post_type text NOT NULL DEFAULT 'content' CONSTRAINT posts_post_type_check CHECK (post_type IN ('content', 'pick', 'outcome')),
    bet_id text COLLATE "C",
    media_url text,
    thumbnail_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    deleted_at timestamptz,
    deleted_reason text
);
COMMENT ON TABLE betting.posts IS 'One row per post: content, a pick, or the outcome of one.';
COMMENT ON COLUMN betting.posts.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.posts.user_id IS 'Author.';
COMMENT ON COLUMN betting.posts.post_type IS 'content, pick (a bet to follow) or outcome (of one).';
COMMENT ON COLUMN betting.posts.bet_id IS 'The bet a pick or an outcome is about.';
COMMENT ON COLUMN betting.posts.media_url IS 'Picture or video.';
COMMENT ON COLUMN betting.posts.thumbnail_url IS 'Small picture of it.';
COMMENT ON COLUMN betting.posts.created_at IS 'When it was created.';
COMMENT ON COLUMN betting.posts.expires_at IS 'When it expires; NULL: by its age.';
COMMENT ON COLUMN betting.posts.deleted_at IS 'When it was deleted; it is removed for good later.';
COMMENT ON COLUMN betting.posts.deleted_reason IS 'expired, or why the app deleted it.';
CREATE INDEX posts_live_idx ON betting.posts (created_at) WHERE deleted_at IS NULL;
CREATE INDEX posts_deleted_idx ON betting.posts (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX posts_created_at_idx ON betting.posts (created_at);
END IF;

IF to_regclass('betting.stories') IS NULL THEN
CREATE TABLE betting.stories (
    id text COLLATE "C" CONSTRAINT stories_pkey PRIMARY KEY,
    user_id text COLLATE "C" NOT NULL,
    media_url text,
    thumbnail_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    deleted_at timestamptz,
    deleted_reason text
);
COMMENT ON TABLE betting.stories IS 'One row per story.';
COMMENT ON COLUMN betting.stories.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.stories.user_id IS 'Author.';
COMMENT ON COLUMN betting.stories.media_url IS 'Picture or video.';
COMMENT ON COLUMN betting.stories.thumbnail_url IS 'Small picture of it.';
COMMENT ON COLUMN betting.stories.created_at IS 'When it was created.';
COMMENT ON COLUMN betting.stories.expires_at IS 'When it expires; NULL: by its age.';
COMMENT ON COLUMN betting.stories.deleted_at IS 'When it was deleted; it is removed for good later.';
COMMENT ON COLUMN betting.stories.deleted_reason IS 'expired, or why the app deleted it.';
CREATE INDEX stories_live_idx ON betting.stories (created_at) WHERE deleted_at IS NULL;
CREATE INDEX stories_deleted_idx ON betting.stories (deleted_at) WHERE deleted_at IS NOT NULL;
END IF;

IF to_regclass('betting.messages') IS NULL THEN
CREATE TABLE betting.messages (
    id text COLLATE "C" CONSTRAINT messages_pkey PRIMARY KEY,
    chat_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    media_url text,
    thumbnail_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    deleted_at timestamptz,
    deleted_reason text
);
COMMENT ON TABLE betting.messages IS 'One row per message in a chat.';
COMMENT ON COLUMN betting.messages.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.messages.chat_id IS 'Chat.';
COMMENT ON COLUMN betting.messages.user_id IS 'Author.';
COMMENT ON COLUMN betting.messages.media_url IS 'Picture or video.';
COMMENT ON COLUMN betting.messages.thumbnail_url IS 'Small picture of it.';
COMMENT ON COLUMN betting.messages.created_at IS 'When it was created.';
COMMENT ON COLUMN betting.messages.expires_at IS 'When it expires; NULL: by its age.';
COMMENT ON COLUMN betting.messages.deleted_at IS 'When it was deleted; it is removed for good later.';
COMMENT ON COLUMN betting.messages.deleted_reason IS 'expired, or why the app deleted it.';
CREATE INDEX messages_live_idx ON betting.messages (created_at) WHERE deleted_at IS NULL;
CREATE INDEX messages_deleted_idx ON betting.messages (deleted_at) WHERE deleted_at IS NOT NULL;
END IF;

IF to_regclass('betting.comments') IS NULL THEN
CREATE TABLE betting.comments (
    id text COLLATE "C" CONSTRAINT comments_pkey PRIMARY KEY,
    post_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    body text,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    deleted_reason text
);
COMMENT ON TABLE betting.comments IS 'One row per comment on a post.';
COMMENT ON COLUMN betting.comments.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.comments.post_id IS 'Post it is on; goes with it.';
COMMENT ON COLUMN betting.comments.user_id IS 'Author.';
COMMENT ON COLUMN betting.comments.body IS 'What it says.';
COMMENT ON COLUMN betting.comments.created_at IS 'When it was created.';
COMMENT ON COLUMN betting.comments.deleted_at IS 'When it was deleted; it is removed for good later.';
COMMENT ON COLUMN betting.comments.deleted_reason IS 'expired, or why the app deleted it.';
CREATE INDEX comments_post_idx ON betting.comments (post_id);
CREATE INDEX comments_deleted_idx ON betting.comments (deleted_at) WHERE deleted_at IS NOT NULL;
END IF;

IF to_regclass('betting.reactions') IS NULL THEN
CREATE TABLE betting.reactions (
    content_type text NOT NULL,
    content_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    reaction text NOT NULL DEFAULT 'like',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reactions_pkey PRIMARY KEY (content_type, content_id, user_id, reaction)
);
COMMENT ON TABLE betting.reactions IS 'One row per reaction to content.';
COMMENT ON COLUMN betting.reactions.content_type IS 'post, story, message or comment.';
COMMENT ON COLUMN betting.reactions.content_id IS 'What was reacted to.';
COMMENT ON COLUMN betting.reactions.user_id IS 'Who did.';
COMMENT ON COLUMN betting.reactions.reaction IS 'How.';
COMMENT ON COLUMN betting.reactions.created_at IS 'When.';
END IF;

IF to_regclass('betting.story_views') IS NULL THEN
CREATE TABLE betting.story_views (
    story_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT story_views_pkey PRIMARY KEY (story_id, user_id)
);
COMMENT ON TABLE betting.story_views IS 'One row per story and user who saw it.';
COMMENT ON COLUMN betting.story_views.story_id IS 'Story.';
COMMENT ON COLUMN betting.story_views.user_id IS 'Who saw it.';
COMMENT ON COLUMN betting.story_views.created_at IS 'When.';
END IF;

IF to_regclass('betting.message_reads') IS NULL THEN
CREATE TABLE betting.message_reads (
    message_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT message_reads_pkey PRIMARY KEY (message_id, user_id)
);
COMMENT ON TABLE betting.message_reads IS 'One row per message and user who read it.';
COMMENT ON COLUMN betting.message_reads.message_id IS 'Message.';
COMMENT ON COLUMN betting.message_reads.user_id IS 'Who read it.';
COMMENT ON COLUMN betting.message_reads.created_at IS 'When.';
END IF;

IF to_regclass('betting.chats') IS NULL THEN
CREATE TABLE betting.chats (
    id text COLLATE "C" CONSTRAINT chats_pkey PRIMARY KEY,
    chat_type text NOT NULL DEFAULT 'group',
    avatar_url text,
    settings jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE betting.chats IS 'One row per chat; says how long its messages stay.';
COMMENT ON COLUMN betting.chats.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.chats.chat_type IS 'group or direct.';
COMMENT ON COLUMN betting.chats.avatar_url IS 'Picture of the chat.';
COMMENT ON COLUMN betting.chats.settings IS 'expiration_hours (1, 24 or 168; default 24): how long messages stay.';
END IF;

IF to_regclass('betting.chat_members') IS NULL THEN
CREATE TABLE betting.chat_members (
    chat_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT chat_members_pkey PRIMARY KEY (chat_id, user_id)
);
COMMENT ON TABLE betting.chat_members IS 'One row per chat and user in it.';
COMMENT ON COLUMN betting.chat_members.chat_id IS 'Chat.';
COMMENT ON COLUMN betting.chat_members.user_id IS 'Who is in it.';
COMMENT ON COLUMN betting.chat_members.joined_at IS 'Since when.';
END IF;

IF to_regclass('betting.reports') IS NULL THEN
CREATE TABLE betting.reports (
    id text COLLATE "C" CONSTRAINT reports_pkey PRIMARY KEY,
    content_type text NOT NULL,
    content_id text COLLATE "C" NOT NULL,
    reported_by text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now(),
    reviewed_at timestamptz
);
COMMENT ON TABLE betting.reports IS 'One row per report of content by a user.';
COMMENT ON COLUMN betting.reports.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.reports.content_type IS 'post, story, message or comment.';
COMMENT ON COLUMN betting.reports.content_id IS 'What was reported.';
COMMENT ON COLUMN betting.reports.reported_by IS 'Who reported it.';
COMMENT ON COLUMN betting.reports.created_at IS 'When.';
COMMENT ON COLUMN betting.reports.reviewed_at IS 'When somebody looked; until then what was reported is kept.';
CREATE INDEX reports_open_idx ON betting.reports (content_id) WHERE reviewed_at IS NULL;
END IF;

IF to_regclass('betting.notifications') IS NULL THEN
CREATE TABLE betting.notifications (
    id text COLLATE "C" CONSTRAINT notifications_pkey PRIMARY KEY DEFAULT gen_random_uuid()::text,
    user_id text COLLATE "C" NOT NULL,
    type text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    read boolean NOT NULL DEFAULT FALSE,
    created_at timestamptz NOT NULL DEFAULT now(),
    dedupe_key text,
    CONSTRAINT notifications_user_key UNIQUE (user_id, dedupe_key)
);
COMMENT ON TABLE betting.notifications IS 'One row per message of the app to a user.';
COMMENT ON COLUMN betting.notifications.id IS 'Key.';
COMMENT ON COLUMN betting.notifications.user_id IS 'Who is told.';
COMMENT ON COLUMN betting.notifications.type IS 'bet_won, tail_lost, milestone, system …';
COMMENT ON COLUMN betting.notifications.data IS 'What about.';
COMMENT ON COLUMN betting.notifications.read IS 'Whether it was read.';
COMMENT ON COLUMN betting.notifications.created_at IS 'Logical time.';
COMMENT ON COLUMN betting.notifications.dedupe_key IS 'What it is about: nobody is told twice.';
CREATE INDEX notifications_created_at_idx ON betting.notifications (created_at);
END IF;

IF to_regclass('betting.media_references') IS NULL THEN
CREATE TABLE betting.media_references (
    reference text
);
COMMENT ON TABLE betting.media_references IS 'One row per text that may refer to a picture or video, beyond the columns of other relations.';
COMMENT ON COLUMN betting.media_references.reference IS 'Any text that may refer to a picture or video: a URL, a key, HTML, JSON …';
END IF;

IF to_regclass('betting.pick_actions') IS NULL THEN
CREATE TABLE betting.pick_actions (
    id text COLLATE "C" CONSTRAINT pick_actions_pkey PRIMARY KEY,
    post_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    action_type text NOT NULL CONSTRAINT pick_actions_action_type_check CHECK (action_type IN ('tail', 'fade')),
    resulting_bet_id text COLLATE "C",
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE betting.pick_actions IS 'One row per tail or fade of a pick. No job reads it.';
COMMENT ON COLUMN betting.pick_actions.id IS 'Key given by the app.';
COMMENT ON COLUMN betting.pick_actions.post_id IS 'The pick.';
COMMENT ON COLUMN betting.pick_actions.user_id IS 'Who tailed or faded it.';
COMMENT ON COLUMN betting.pick_actions.action_type IS 'tail: the same bet; fade: the opposite.';
COMMENT ON COLUMN betting.pick_actions.resulting_bet_id IS 'The bet that was placed.';
COMMENT ON COLUMN betting.pick_actions.created_at IS 'When.';
END IF;

IF to_regclass('betting.badges') IS NULL THEN
CREATE TABLE betting.badges (
    badge text COLLATE "C" CONSTRAINT badges_pkey PRIMARY KEY,
    title text NOT NULL,
    description text NOT NULL
);
COMMENT ON TABLE betting.badges IS 'One row per badge there is, with what people read. No job reads it.';
COMMENT ON COLUMN betting.badges.badge IS 'Name of the badge.';
COMMENT ON COLUMN betting.badges.title IS 'What people read.';
COMMENT ON COLUMN betting.badges.description IS 'What earns it.';
END IF;

END
$$;
