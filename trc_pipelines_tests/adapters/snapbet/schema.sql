-- A social betting app on Supabase, from the facts of its columns: tables, constraints and types as they are,
-- triggers and functions by what their names say.

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
    END LOOP;
    ALTER ROLE service_role BYPASSRLS;
END
$$;

CREATE SCHEMA auth;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
AS $$ SELECT nullif(current_setting('request.jwt.claim.sub', TRUE), '')::uuid $$;
CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE AS 'SELECT gen_random_uuid()';

CREATE TYPE public.bet_status AS ENUM ('pending', 'won', 'lost', 'push', 'cancelled');
CREATE TYPE public.bet_type AS ENUM ('spread', 'total', 'moneyline');
CREATE TYPE public.chat_role AS ENUM ('admin', 'member');
CREATE TYPE public.chat_type AS ENUM ('dm', 'group');
CREATE TYPE public.game_status AS ENUM ('scheduled', 'live', 'completed', 'cancelled');
CREATE TYPE public.media_type AS ENUM ('photo', 'video', 'gif');
CREATE TYPE public.oauth_provider AS ENUM ('google', 'twitter');
CREATE TYPE public.pick_action AS ENUM ('tail', 'fade');
CREATE TYPE public.story_type AS ENUM ('manual', 'auto_milestone', 'auto_recap');

CREATE TABLE public.users (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4() REFERENCES auth.users (id),
    email text NOT NULL UNIQUE,
    oauth_provider public.oauth_provider NOT NULL,
    oauth_id text NOT NULL,
    username text UNIQUE CHECK (username ~ '^[a-zA-Z0-9_]{3,20}$'),
    display_name text,
    avatar_url text,
    bio text CHECK (char_length(bio) <= 140),
    is_mock boolean DEFAULT FALSE,
    mock_personality_id text,
    mock_behavior_seed integer,
    notification_settings jsonb DEFAULT '{"wins": true, "tails": true, "messages": true}',
    privacy_settings jsonb DEFAULT '{"public_picks": true, "show_bankroll": true}',
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    deleted_at timestamptz,
    is_private boolean DEFAULT FALSE,
    show_bankroll boolean DEFAULT TRUE,
    show_stats boolean DEFAULT TRUE,
    show_picks boolean DEFAULT TRUE,
    referral_count integer DEFAULT 0,
    profile_embedding real[],
    last_embedding_update timestamptz,
    UNIQUE (oauth_provider, oauth_id)
);
CREATE TABLE public.bankrolls (
    user_id uuid PRIMARY KEY,
    balance integer NOT NULL DEFAULT 100000 CHECK (balance >= 0),
    total_wagered integer NOT NULL DEFAULT 0 CHECK (total_wagered >= 0),
    total_won integer NOT NULL DEFAULT 0 CHECK (total_won >= 0),
    win_count integer NOT NULL DEFAULT 0 CHECK (win_count >= 0),
    loss_count integer NOT NULL DEFAULT 0 CHECK (loss_count >= 0),
    push_count integer NOT NULL DEFAULT 0 CHECK (push_count >= 0),
    biggest_win integer DEFAULT 0,
    biggest_loss integer DEFAULT 0,
    season_high integer DEFAULT 100000,
    season_low integer DEFAULT 100000,
    last_reset timestamptz DEFAULT now(),
    reset_count integer DEFAULT 0,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now(),
    stats_metadata jsonb DEFAULT '{}',
    referral_bonus integer DEFAULT 0,
    weekly_deposit integer DEFAULT 100000
);
CREATE TABLE public.games (
    id text PRIMARY KEY,
    sport text NOT NULL,
    sport_title text NOT NULL,
    home_team text NOT NULL,
    away_team text NOT NULL,
    commence_time timestamptz NOT NULL,
    odds_data jsonb,
    home_score integer,
    away_score integer,
    status public.game_status DEFAULT 'scheduled',
    created_at timestamptz DEFAULT now(),
    last_updated timestamptz DEFAULT now(),
    CHECK (
        (status = 'completed' AND home_score IS NOT NULL AND away_score IS NOT NULL)
        OR (status <> 'completed' AND home_score IS NULL AND away_score IS NULL)
    )
);
CREATE TABLE public.bets (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid NOT NULL,
    game_id text NOT NULL,
    bet_type public.bet_type NOT NULL,
    bet_details jsonb NOT NULL,
    stake integer NOT NULL CHECK (stake >= 500),
    odds integer NOT NULL,
    potential_win integer NOT NULL,
    actual_win integer,
    status public.bet_status NOT NULL DEFAULT 'pending',
    created_at timestamptz DEFAULT now(),
    settled_at timestamptz,
    expires_at timestamptz,
    is_tail boolean DEFAULT FALSE,
    is_fade boolean DEFAULT FALSE,
    original_pick_id uuid,
    archived boolean DEFAULT FALSE,
    embedding real[],
    deleted_at timestamptz,
    CHECK (
        (status = 'pending' AND settled_at IS NULL AND actual_win IS NULL)
        OR (status <> 'pending' AND settled_at IS NOT NULL)
    )
);
CREATE INDEX ON public.bets (game_id);
CREATE INDEX ON public.bets (user_id, status);
CREATE TABLE public.posts (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid NOT NULL,
    bet_id uuid,
    media_url text NOT NULL,
    media_type public.media_type NOT NULL,
    thumbnail_url text,
    caption text CHECK (char_length(caption) <= 280),
    tail_count integer DEFAULT 0 CHECK (tail_count >= 0),
    fade_count integer DEFAULT 0 CHECK (fade_count >= 0),
    reaction_count integer DEFAULT 0 CHECK (reaction_count >= 0),
    created_at timestamptz DEFAULT now(),
    expires_at timestamptz NOT NULL,
    deleted_at timestamptz,
    post_type text NOT NULL CHECK (post_type IN ('content', 'pick', 'outcome')),
    effect_id text,
    comment_count integer DEFAULT 0 CHECK (comment_count >= 0),
    settled_bet_id uuid,
    report_count integer DEFAULT 0,
    archived boolean DEFAULT FALSE,
    embedding real[],
    CHECK (expires_at > created_at),
    CHECK (
        (post_type = 'pick' AND bet_id IS NOT NULL) OR (post_type = 'outcome' AND settled_bet_id IS NOT NULL)
        OR (post_type = 'content' AND bet_id IS NULL AND settled_bet_id IS NULL)
    )
);
CREATE INDEX ON public.posts (bet_id) WHERE bet_id IS NOT NULL;
CREATE TABLE public.pick_actions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    resulting_bet_id uuid,
    action_type public.pick_action NOT NULL,
    created_at timestamptz DEFAULT now(),
    archived boolean DEFAULT FALSE,
    deleted_at timestamptz,
    UNIQUE (post_id, user_id)
);
CREATE INDEX ON public.pick_actions (resulting_bet_id);
CREATE TABLE public.comments (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    post_id uuid NOT NULL,
    user_id uuid NOT NULL,
    content text NOT NULL CHECK (char_length(content) <= 280),
    created_at timestamptz DEFAULT now(),
    edited_at timestamptz,
    deleted_at timestamptz,
    report_count integer DEFAULT 0
);
CREATE TABLE public.stories (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid NOT NULL,
    media_url text NOT NULL,
    media_type public.media_type NOT NULL,
    caption text CHECK (char_length(caption) <= 280),
    story_type public.story_type DEFAULT 'manual',
    metadata jsonb,
    view_count integer DEFAULT 0 CHECK (view_count >= 0),
    created_at timestamptz DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    deleted_at timestamptz,
    story_content_type text DEFAULT 'content' CHECK (story_content_type IN ('content', 'pick', 'outcome')),
    report_count integer DEFAULT 0,
    archived boolean DEFAULT FALSE
);
CREATE TABLE public.story_views (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    story_id uuid NOT NULL,
    viewer_id uuid NOT NULL,
    viewed_at timestamptz DEFAULT now(),
    UNIQUE (story_id, viewer_id)
);
CREATE TABLE public.reactions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    -- NOT NULL in the app, where the CHECK then lets nobody react to a story.
    post_id uuid,
    user_id uuid NOT NULL,
    emoji text NOT NULL CHECK (emoji IN ('🔥', '😭', '😂', '💀', '💯')),
    created_at timestamptz DEFAULT now(),
    story_id uuid,
    archived boolean DEFAULT FALSE,
    deleted_at timestamptz,
    CHECK ((post_id IS NOT NULL AND story_id IS NULL) OR (post_id IS NULL AND story_id IS NOT NULL)),
    UNIQUE (post_id, user_id, emoji),
    UNIQUE NULLS NOT DISTINCT (user_id, post_id, story_id)
);
CREATE TABLE public.chats (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    chat_type public.chat_type NOT NULL,
    name text,
    avatar_url text,
    created_by uuid,
    created_at timestamptz DEFAULT now(),
    last_message_at timestamptz,
    settings jsonb DEFAULT '{}',
    CHECK (
        (chat_type = 'dm' AND name IS NULL)
        OR (chat_type = 'group' AND name IS NOT NULL AND char_length(name) <= 50)
    )
);
CREATE TABLE public.chat_members (
    chat_id uuid NOT NULL,
    user_id uuid NOT NULL,
    role public.chat_role DEFAULT 'member',
    joined_at timestamptz DEFAULT now(),
    last_read_at timestamptz,
    is_archived boolean DEFAULT FALSE,
    PRIMARY KEY (chat_id, user_id)
);
CREATE TABLE public.messages (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    chat_id uuid NOT NULL,
    sender_id uuid NOT NULL,
    content text NOT NULL CHECK (char_length(content) <= 1000),
    created_at timestamptz DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    deleted_at timestamptz,
    media_type text CHECK (media_type IN ('photo', 'video')),
    report_count integer DEFAULT 0,
    is_blocked boolean DEFAULT FALSE,
    media_url text,
    bet_id uuid,
    message_type text DEFAULT 'text' CHECK (message_type IN ('text', 'media', 'pick', 'system')),
    metadata jsonb DEFAULT '{}',
    archived boolean DEFAULT FALSE
);
CREATE TABLE public.message_pick_actions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    action_type public.pick_action NOT NULL,
    resulting_bet_id uuid,
    created_at timestamptz DEFAULT now(),
    UNIQUE (message_id, user_id)
);
CREATE TABLE public.message_reactions (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    emoji text NOT NULL CHECK (emoji IN ('🔥', '😭', '😂', '💀', '💯')),
    created_at timestamptz DEFAULT now(),
    UNIQUE (message_id, user_id)
);
CREATE TABLE public.message_reads (
    message_id uuid NOT NULL,
    user_id uuid NOT NULL,
    read_at timestamptz DEFAULT now(),
    PRIMARY KEY (message_id, user_id)
);
CREATE TABLE public.notifications (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid NOT NULL,
    type text NOT NULL CHECK (
        type IN (
            'tail', 'fade', 'bet_won', 'bet_lost', 'tail_won', 'tail_lost', 'fade_won', 'fade_lost', 'follow',
            'follow_request', 'message', 'mention', 'milestone', 'system'
        )
    ),
    data jsonb NOT NULL DEFAULT '{}',
    read boolean DEFAULT FALSE,
    created_at timestamptz DEFAULT now(),
    read_at timestamptz,
    CHECK ((read = FALSE AND read_at IS NULL) OR (read = TRUE AND read_at IS NOT NULL)),
    CHECK (
        type IN (
            'tail', 'fade', 'bet_won', 'bet_lost', 'tail_won', 'tail_lost', 'fade_won', 'fade_lost', 'follow',
            'message', 'mention', 'milestone', 'system'
        )
    )
);
CREATE TABLE public.user_badges (
    user_id uuid NOT NULL,
    badge_id text NOT NULL,
    earned_at timestamptz NOT NULL DEFAULT now(),
    lost_at timestamptz,
    week_start_date date,
    weekly_reset_at timestamptz,
    PRIMARY KEY (user_id, badge_id, earned_at)
);
CREATE TABLE public.badge_history (
    id uuid PRIMARY KEY DEFAULT uuid_generate_v4(),
    user_id uuid NOT NULL,
    badge_id text NOT NULL,
    action text NOT NULL CHECK (action IN ('earned', 'lost')),
    created_at timestamptz DEFAULT now()
);
CREATE TABLE public.user_stats_display (
    user_id uuid PRIMARY KEY,
    primary_stat text NOT NULL DEFAULT 'record',
    show_badge boolean DEFAULT TRUE,
    selected_badge text,
    created_at timestamptz DEFAULT now(),
    updated_at timestamptz DEFAULT now()
);
CREATE TABLE public.job_executions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    job_name text NOT NULL,
    success boolean NOT NULL,
    message text,
    affected_count integer,
    duration_ms integer,
    details jsonb,
    executed_at timestamptz DEFAULT now(),
    executed_by text
);

-- Triggers of the app.

CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$$;
CREATE TRIGGER update_users_updated_at BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER update_bankrolls_updated_at BEFORE UPDATE ON public.bankrolls FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER update_user_stats_display_updated_at BEFORE UPDATE ON public.user_stats_display
FOR EACH ROW EXECUTE FUNCTION public.touch();

CREATE FUNCTION public.note_high_low() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.season_high := greatest(NEW.season_high, NEW.balance);
    NEW.season_low := least(NEW.season_low, NEW.balance);
    RETURN NEW;
END
$$;
CREATE TRIGGER update_bankroll_high_low BEFORE UPDATE OF balance ON public.bankrolls
FOR EACH ROW EXECUTE FUNCTION public.note_high_low();

-- TG_ARGV: the table, the column that counts, the column that refers to it.
CREATE FUNCTION public.count_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('UPDATE public.%1$I SET %2$I = greatest(%2$I + $1, 0) WHERE id = $2', TG_ARGV[0], TG_ARGV[1])
    USING CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END,
        (CASE TG_OP WHEN 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END ->> TG_ARGV[2])::uuid;
    RETURN NULL;
END
$$;
CREATE TRIGGER update_comment_count_trigger AFTER INSERT OR DELETE ON public.comments
FOR EACH ROW EXECUTE FUNCTION public.count_children('posts', 'comment_count', 'post_id');
CREATE TRIGGER update_post_reaction_count AFTER INSERT OR DELETE ON public.reactions
FOR EACH ROW EXECUTE FUNCTION public.count_children('posts', 'reaction_count', 'post_id');
CREATE TRIGGER increment_story_view_count AFTER INSERT ON public.story_views
FOR EACH ROW EXECUTE FUNCTION public.count_children('stories', 'view_count', 'story_id');

CREATE FUNCTION public.count_pick() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.posts SET
        tail_count = tail_count + (NEW.action_type = 'tail')::integer,
        fade_count = fade_count + (NEW.action_type = 'fade')::integer
    WHERE id = NEW.post_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER update_post_pick_counts AFTER INSERT ON public.pick_actions FOR EACH ROW EXECUTE FUNCTION public.count_pick();

CREATE FUNCTION public.note_last_message() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.chats SET last_message_at = NEW.created_at WHERE id = NEW.chat_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER update_chat_last_message_time AFTER INSERT ON public.messages
FOR EACH ROW EXECUTE FUNCTION public.note_last_message();

CREATE FUNCTION public.remove_empty_chat() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.chats AS c
    WHERE c.id = OLD.chat_id AND NOT EXISTS (SELECT 1 FROM public.chat_members AS m WHERE m.chat_id = c.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER cleanup_empty_chats_trigger AFTER DELETE ON public.chat_members
FOR EACH ROW EXECUTE FUNCTION public.remove_empty_chat();

-- The old job: a win brings the stake back, which placing the bet never took.
CREATE FUNCTION public.settle_game_bets(of_game text, as_of timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    bet record;
    margin numeric;
    settled integer := 0;
BEGIN
    FOR bet IN
        SELECT b.*, g.home_team, g.home_score, g.away_score FROM public.bets AS b
        INNER JOIN public.games AS g ON b.game_id = g.id
        WHERE b.game_id = of_game AND b.status = 'pending' AND g.status = 'completed'
    LOOP
        margin := bet.home_score - bet.away_score;
        IF bet.bet_type <> 'total' AND bet.bet_details ->> 'team' <> bet.home_team THEN
            margin := -margin;
        END IF;
        margin := CASE bet.bet_type
            WHEN 'moneyline' THEN CASE WHEN margin > 0 THEN 1 ELSE -1 END
            WHEN 'spread' THEN margin + (bet.bet_details ->> 'line')::numeric
            WHEN 'total' THEN (bet.home_score + bet.away_score - (bet.bet_details ->> 'line')::numeric)
                * CASE bet.bet_details ->> 'total_type' WHEN 'over' THEN 1 ELSE -1 END
        END;
        UPDATE public.bets SET
            status = CASE sign(margin) WHEN 1 THEN 'won' WHEN 0 THEN 'push' ELSE 'lost' END::public.bet_status,
            actual_win = CASE sign(margin) WHEN 1 THEN bet.potential_win WHEN 0 THEN 0 ELSE -bet.stake END,
            settled_at = as_of
        WHERE id = bet.id;
        UPDATE public.bankrolls SET
            balance = balance + CASE sign(margin) WHEN 1 THEN bet.stake + bet.potential_win WHEN 0 THEN bet.stake ELSE 0 END,
            total_won = total_won + CASE WHEN margin > 0 THEN bet.potential_win ELSE 0 END,
            win_count = win_count + (margin > 0)::integer,
            loss_count = loss_count + (margin < 0)::integer,
            push_count = push_count + (margin = 0)::integer
        WHERE user_id = bet.user_id;
        settled := settled + 1;
    END LOOP;
    RETURN settled;
END
$$;

-- As Supabase does: everything is granted, and rows are hidden.
GRANT USAGE ON SCHEMA public, auth TO anon, authenticated, service_role;
GRANT ALL ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role;
DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'job_executions'
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    END LOOP;
END
$$;
CREATE POLICY "games are public" ON public.games FOR SELECT TO authenticated USING (TRUE);
CREATE POLICY "own bets" ON public.bets TO authenticated USING (user_id = auth.uid());
CREATE POLICY "own bankroll" ON public.bankrolls FOR SELECT TO authenticated USING (user_id = auth.uid());
CREATE POLICY "live posts" ON public.posts FOR SELECT TO authenticated USING (deleted_at IS NULL AND NOT archived);
