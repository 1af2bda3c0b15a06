-- domain: betting
-- A social betting app on Supabase: tables in public, users in auth.users, row level security on, jobs as service_role.
--
-- Added to the app's own tables: nothing. Of its schema nothing is changed.
-- Rights: the login is a member of service_role (GRANT service_role TO trc), which has BYPASSRLS. Views belong to
-- service_role, so that they show every row; the ports act as it. Who may not do so gets an error, never 0 rows.
--
-- Ids are uuid, here text; ports cast back, so that the app's indexes serve. Money is integer cents: a column in
-- dollars (numeric) would be (x * 100)::bigint, at stake, potential_win, actual_win, balance, weekly_deposit and
-- referral_bonus, and divided by 100 in the ports.
--
-- What expired is archived by the app, for other uses, and never removed. Its deleted_at is infinity: hidden, and
-- never long ago. To have it removed, set archived to FALSE and deleted_at in the app.

DO $$
DECLARE
    hidden text;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'service_role') THEN
        RAISE EXCEPTION 'there is no role service_role: this adapter is for an app on Supabase';
    END IF;
    IF NOT pg_has_role('service_role', 'MEMBER') THEN
        RAISE EXCEPTION '% is not a member of service_role', current_user
            USING ERRCODE = 'insufficient_privilege', HINT = format('Have an administrator run: GRANT service_role TO %I', current_user);
    END IF;
    SET LOCAL ROLE service_role;
    SELECT string_agg(format('%I.%I', n.nspname, c.relname), ', ' ORDER BY c.relname) INTO hidden
    FROM pg_class AS c
    INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND row_security_active(c.oid);
    RESET ROLE;
    IF hidden IS NOT NULL THEN
        RAISE EXCEPTION 'row level security hides rows from service_role: %', hidden
            USING ERRCODE = 'insufficient_privilege', HINT = 'Have a superuser run: ALTER ROLE service_role BYPASSRLS';
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS betting;
GRANT USAGE, CREATE ON SCHEMA betting TO service_role;
SET LOCAL ROLE service_role;

CREATE OR REPLACE VIEW betting.users AS
SELECT
    u.id::text AS id,
    u.username,
    coalesce(u.referral_count, 0) AS referral_count,
    u.avatar_url,
    u.created_at,
    u.deleted_at
FROM public.users AS u;

-- The app does not keep when a game was over: its row was last changed then, or later, as scores are written
-- again. Three hours after the beginning it counts as over in any case.
CREATE OR REPLACE VIEW betting.games AS
SELECT
    g.id,
    g.sport_title AS sport,
    g.home_team,
    g.away_team,
    g.commence_time,
    coalesce(g.status::text, 'scheduled') AS status,
    g.home_score,
    g.away_score,
    CASE g.status
        WHEN 'completed' THEN least(greatest(g.last_updated, g.commence_time), g.commence_time + interval '3 hours')
        WHEN 'cancelled' THEN g.last_updated
    END AS completed_at
FROM public.games AS g;

-- The app keeps what a bet won (actual_win: the profit, or the stake lost). original_pick_id is a bet there, here
-- the post with it: that of the tail or fade, or else the first post of that bet.
CREATE OR REPLACE VIEW betting.bets AS
SELECT
    b.id::text AS id,
    b.user_id::text AS user_id,
    b.game_id,
    b.bet_type::text AS bet_type,
    b.bet_details,
    b.stake::bigint AS stake,
    b.odds::bigint AS odds,
    b.potential_win::bigint AS potential_win,
    coalesce(b.is_tail, FALSE) AS is_tail,
    coalesce(b.is_fade, FALSE) AS is_fade,
    CASE
        WHEN b.original_pick_id IS NOT NULL
            THEN coalesce(
                (
                    SELECT a.post_id FROM public.pick_actions AS a
                    WHERE a.resulting_bet_id = b.id
                    ORDER BY a.created_at, a.id
                    LIMIT 1
                ),
                (
                    SELECT p.id FROM public.posts AS p
                    WHERE p.bet_id = b.original_pick_id AND p.post_type = 'pick'
                    ORDER BY p.created_at, p.id
                    LIMIT 1
                )
            )::text
    END AS original_pick_id,
    b.created_at,
    b.status::text AS status,
    CASE b.status
        WHEN 'won' THEN b.stake::bigint + coalesce(b.actual_win, b.potential_win)
        WHEN 'lost' THEN 0
        WHEN 'push' THEN b.stake
        WHEN 'cancelled' THEN b.stake
    END AS payout,
    CASE b.status
        WHEN 'won' THEN coalesce(b.actual_win, b.potential_win)::bigint
        WHEN 'lost' THEN -b.stake
        WHEN 'push' THEN 0
        WHEN 'cancelled' THEN 0
    END AS net,
    b.settled_at
FROM public.bets AS b;

-- What it counts beside the balance (win_count, season_high …) is the app's.
CREATE OR REPLACE VIEW betting.bankrolls AS
SELECT
    k.user_id::text AS user_id,
    k.balance::bigint AS balance,
    coalesce(k.weekly_deposit, 100000)::bigint AS weekly_deposit,
    coalesce(k.referral_bonus, 0)::bigint AS referral_bonus,
    k.last_reset AS weekly_reset_at,
    coalesce(k.reset_count, 0) AS reset_count
FROM public.bankrolls AS k;

CREATE OR REPLACE VIEW betting.posts AS
SELECT
    p.id::text AS id,
    p.user_id::text AS user_id,
    p.post_type,
    coalesce(p.bet_id, p.settled_bet_id)::text AS bet_id,
    p.media_url,
    p.thumbnail_url,
    p.created_at,
    p.expires_at,
    CASE WHEN p.archived THEN 'infinity' ELSE p.deleted_at END AS deleted_at,
    CASE WHEN p.archived THEN 'expired' END AS deleted_reason
FROM public.posts AS p;

CREATE OR REPLACE VIEW betting.stories AS
SELECT
    s.id::text AS id,
    s.user_id::text AS user_id,
    s.media_url,
    NULL::text AS thumbnail_url,
    s.created_at,
    s.expires_at,
    CASE WHEN s.archived THEN 'infinity' ELSE s.deleted_at END AS deleted_at,
    CASE WHEN s.archived THEN 'expired' END AS deleted_reason
FROM public.stories AS s;

CREATE OR REPLACE VIEW betting.messages AS
SELECT
    m.id::text AS id,
    m.chat_id::text AS chat_id,
    m.sender_id::text AS user_id,
    m.media_url,
    NULL::text AS thumbnail_url,
    m.created_at,
    m.expires_at,
    CASE WHEN m.archived THEN 'infinity' ELSE m.deleted_at END AS deleted_at,
    CASE WHEN m.archived THEN 'expired' END AS deleted_reason
FROM public.messages AS m;

-- Comments are hidden, and kept, with a post that is archived.
CREATE OR REPLACE VIEW betting.comments AS
SELECT
    t.id::text AS id,
    t.post_id::text AS post_id,
    t.user_id::text AS user_id,
    t.content AS body,
    t.created_at,
    CASE WHEN p.archived THEN 'infinity' ELSE t.deleted_at END AS deleted_at,
    CASE WHEN p.archived THEN 'expired' END AS deleted_reason
FROM public.comments AS t
LEFT JOIN public.posts AS p ON t.post_id = p.id;

CREATE OR REPLACE VIEW betting.reactions AS
SELECT
    CASE WHEN r.story_id IS NULL THEN 'post' ELSE 'story' END AS content_type,
    coalesce(r.story_id, r.post_id)::text AS content_id,
    r.user_id::text AS user_id,
    r.emoji AS reaction,
    r.created_at
FROM public.reactions AS r
UNION ALL
SELECT
    'message',
    r.message_id::text,
    r.user_id::text,
    r.emoji,
    r.created_at
FROM public.message_reactions AS r;

CREATE OR REPLACE VIEW betting.story_views AS
SELECT
    v.story_id::text AS story_id,
    v.viewer_id::text AS user_id,
    v.viewed_at AS created_at
FROM public.story_views AS v;

CREATE OR REPLACE VIEW betting.message_reads AS
SELECT
    r.message_id::text AS message_id,
    r.user_id::text AS user_id,
    r.read_at AS created_at
FROM public.message_reads AS r;

CREATE OR REPLACE VIEW betting.chats AS
SELECT
    c.id::text AS id,
    CASE c.chat_type WHEN 'dm' THEN 'direct' ELSE 'group' END AS chat_type,
    c.avatar_url,
    coalesce(c.settings, '{}') AS settings
FROM public.chats AS c;

CREATE OR REPLACE VIEW betting.chat_members AS
SELECT
    m.chat_id::text AS chat_id,
    m.user_id::text AS user_id,
    m.joined_at
FROM public.chat_members AS m;

-- The app counts reports, and does not say that somebody looked: what was ever reported is kept until its count
-- is set back to 0.
CREATE OR REPLACE VIEW betting.reports AS
SELECT
    r.content_type || ':' || r.content_id AS id,
    r.content_type,
    r.content_id::text AS content_id,
    NULL::text AS reported_by,
    r.created_at,
    NULL::timestamptz AS reviewed_at
FROM (
    SELECT
        'post' AS content_type,
        p.id AS content_id,
        p.created_at
    FROM public.posts AS p
    WHERE p.report_count > 0
    UNION ALL
    SELECT
        'story',
        s.id,
        s.created_at
    FROM public.stories AS s
    WHERE s.report_count > 0
    UNION ALL
    SELECT
        'message',
        m.id,
        m.created_at
    FROM public.messages AS m
    WHERE m.report_count > 0
    UNION ALL
    SELECT
        'comment',
        t.id,
        t.created_at
    FROM public.comments AS t
    WHERE t.report_count > 0
) AS r;

-- A type that the app's list lacks, and what makes a notification unique, are kept in data.
CREATE OR REPLACE VIEW betting.notifications AS
SELECT
    n.id::text AS id,
    n.user_id::text AS user_id,
    coalesce(n.data ->> 'notification_type', n.type) AS type,
    n.data,
    coalesce(n.read, FALSE) AS read,
    n.created_at,
    n.data ->> 'dedupe_key' AS dedupe_key
FROM public.notifications AS n;

CREATE OR REPLACE VIEW betting.media_references AS
SELECT p.caption AS reference FROM public.posts AS p
UNION ALL
SELECT s.caption FROM public.stories AS s
UNION ALL
SELECT s.metadata::text FROM public.stories AS s
UNION ALL
SELECT m.content FROM public.messages AS m
UNION ALL
SELECT m.metadata::text FROM public.messages AS m
UNION ALL
SELECT u.bio FROM public.users AS u;

CREATE OR REPLACE VIEW betting.pick_actions AS
SELECT
    a.id::text AS id,
    a.post_id::text AS post_id,
    a.user_id::text AS user_id,
    a.action_type::text AS action_type,
    a.resulting_bet_id::text AS resulting_bet_id,
    a.created_at
FROM public.pick_actions AS a;

-- The app has no table of them.
CREATE OR REPLACE VIEW betting.badges AS
SELECT
    NULL::text AS badge,
    NULL::text AS title,
    NULL::text AS description
WHERE FALSE;
COMMENT ON VIEW betting.badges IS 'The app has none. One row per badge there is, with what people read.';

RESET ROLE;
REVOKE CREATE ON SCHEMA betting FROM service_role;
