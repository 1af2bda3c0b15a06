-- A year of the app until Wednesday 2026-03-04 12:00 UTC, when its old jobs stop, and what was placed until then
-- on the games of the two weeks after it. The same every time.

SELECT setseed(0.42);

-- The year is written without its triggers; they are there for the jobs.
SET LOCAL session_replication_role = replica;

INSERT INTO auth.users (id, email)
SELECT md5('user' || n)::uuid, 'user' || n || '@example.org' FROM generate_series(1, 40) AS n;
INSERT INTO public.users (id, email, oauth_provider, oauth_id, username, avatar_url, referral_count, created_at)
SELECT
    md5('user' || n)::uuid, 'user' || n || '@example.org', 'google', 'oauth' || n, 'user_' || n,
    'https://media.example.org/avatars/' || n || '.jpg', CASE WHEN n % 7 = 0 THEN n / 7 ELSE 0 END,
    '2025-03-01 09:00Z'
FROM generate_series(1, 40) AS n;
INSERT INTO public.bankrolls (user_id, last_reset) SELECT u.id, '2025-03-03 00:00Z' FROM public.users AS u;

-- Eight games a week, 54 weeks; every 40th is called off.
INSERT INTO public.games (id, sport, sport_title, home_team, away_team, commence_time, status, created_at, last_updated)
SELECT
    'game-' || n,
    CASE WHEN n % 2 = 0 THEN 'american_football_nfl' ELSE 'basketball_nba' END,
    CASE WHEN n % 2 = 0 THEN 'NFL' ELSE 'NBA' END,
    'Team ' || chr(65 + n % 26), 'Team ' || chr(65 + (n + 7) % 26),
    g.begins_at, 'scheduled', g.begins_at - interval '9 days', g.begins_at - interval '2 days'
FROM generate_series(0, 431) AS n
CROSS JOIN LATERAL (
    SELECT timestamptz '2025-03-05 17:00Z' + interval '7 days' * (n / 8) + interval '20 hours' * (n % 8) AS begins_at
) AS g;

INSERT INTO public.bets (
    id, user_id, game_id, bet_type, bet_details, stake, odds, potential_win, created_at, expires_at
)
SELECT
    md5(d.user_id::text || d.game_id)::uuid, d.user_id, d.game_id, d.bet_type,
    CASE d.bet_type
        WHEN 'total' THEN jsonb_build_object('total_type', d.side, 'line', 40.5 + floor(d.r1 * 10) / 2)
        WHEN 'spread' THEN jsonb_build_object('team', d.team, 'line', floor(d.r1 * 14) - 7)
        ELSE jsonb_build_object('team', d.team)
    END,
    d.stake, d.odds, CASE WHEN d.odds > 0 THEN d.stake * d.odds / 100 ELSE d.stake * 100 / -d.odds END,
    d.placed_at, d.commence_time
FROM (
    SELECT
        u.id AS user_id, g.id AS game_id, g.commence_time, r.r1,
        (ARRAY['spread', 'total', 'moneyline'])[1 + floor(r.r2 * 3)]::public.bet_type AS bet_type,
        CASE WHEN r.r3 < 0.5 THEN g.home_team ELSE g.away_team END AS team,
        CASE WHEN r.r3 < 0.5 THEN 'over' ELSE 'under' END AS side,
        -- Some play high, so that a week's losses exceed what is left.
        (CASE WHEN right(u.username, 1) IN ('3', '8') THEN 20000 + floor(r.r4 * 30000) ELSE 500 + floor(r.r4 * 9000) END)::integer AS stake,
        (ARRAY[-300, -150, -110, -105, 100, 135, 220])[1 + floor(r.r5 * 7)] AS odds,
        -- One in fifty is placed once the game has begun.
        g.commence_time - interval '1 hour' * (40 * r.r6 - 0.8) AS placed_at
    FROM public.users AS u
    CROSS JOIN public.games AS g
    CROSS JOIN LATERAL (
        SELECT
            random() AS r0, random() AS r1, random() AS r2, random() AS r3, random() AS r4, random() AS r5, random() AS r6
        WHERE u.id IS NOT NULL AND g.id IS NOT NULL
    ) AS r
    WHERE r.r0 < 0.3
) AS d;

-- A tenth of the bets are shown as picks; of the rest some follow a pick on the same game.
INSERT INTO public.posts (id, user_id, bet_id, media_url, media_type, created_at, expires_at, post_type)
SELECT
    md5('pick' || b.id)::uuid, b.user_id, b.id, 'https://media.example.org/posts/pick/' || b.id || '.jpg', 'photo',
    b.created_at, b.created_at + interval '24 hours', 'pick'
FROM public.bets AS b
WHERE right(b.id::text, 1) IN ('0', '1');
UPDATE public.bets AS b SET
    is_tail = right(b.id::text, 1) IN ('a', 'b'), is_fade = right(b.id::text, 1) = 'c',
    original_pick_id = (
        SELECT p.bet_id FROM public.posts AS p
        INNER JOIN public.bets AS o ON p.bet_id = o.id
        WHERE o.game_id = b.game_id AND o.user_id <> b.user_id
        ORDER BY p.id
        LIMIT 1
    )
WHERE right(b.id::text, 1) IN ('a', 'b', 'c');
-- Without the action the pick is found by its bet; without a pick there is none.
INSERT INTO public.pick_actions (id, post_id, user_id, resulting_bet_id, action_type, created_at)
SELECT
    md5('action' || b.id)::uuid, p.id, b.user_id, b.id,
    CASE WHEN b.is_tail THEN 'tail' ELSE 'fade' END::public.pick_action, b.created_at
FROM public.bets AS b
INNER JOIN public.posts AS p ON b.original_pick_id = p.bet_id
WHERE right(b.id::text, 1) <> 'b';

INSERT INTO public.posts (
    id, user_id, settled_bet_id, media_url, media_type, caption, created_at, expires_at, post_type, deleted_at,
    report_count, archived
)
SELECT
    md5('post' || n)::uuid, md5('user' || 1 + n % 40)::uuid,
    CASE WHEN n % 3 = 0 THEN md5('bet' || n)::uuid END,
    'https://media.example.org/posts/' || n || '.jpg', 'photo', 'Look at this', d.created_at,
    d.created_at + interval '24 hours', CASE WHEN n % 3 = 0 THEN 'outcome' ELSE 'content' END,
    CASE WHEN n % 10 = 0 THEN d.created_at + interval '2 hours' END, (n % 50 = 0)::integer,
    -- The old job archived what expired; what its authors had deleted it let be.
    d.created_at < '2026-03-02 00:00Z' AND n % 10 <> 0
FROM generate_series(1, 1500) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2026-03-04 11:00Z' - interval '5 hours 40 minutes' * n AS created_at) AS d;
-- Archived first, and deleted by its author after that: the archive keeps it.
UPDATE public.posts SET deleted_at = created_at + interval '3 days' WHERE id IN (md5('post301')::uuid, md5('post302')::uuid);
UPDATE public.posts SET archived = TRUE WHERE post_type = 'pick' AND created_at < '2026-02-27 00:00Z';

INSERT INTO public.comments (id, post_id, user_id, content, created_at)
SELECT md5('comment' || p.id || n)::uuid, p.id, md5('user' || n)::uuid, 'nice', p.created_at + interval '1 hour' * n
FROM public.posts AS p
CROSS JOIN generate_series(1, 2) AS n;
INSERT INTO public.reactions (id, post_id, user_id, emoji, created_at)
SELECT md5('reaction' || p.id || n)::uuid, p.id, md5('user' || n)::uuid, '🔥', p.created_at + interval '1 hour'
FROM public.posts AS p
CROSS JOIN generate_series(3, 4) AS n;
UPDATE public.posts SET comment_count = 2, reaction_count = 2;

INSERT INTO public.stories (id, user_id, media_url, media_type, created_at, expires_at, archived)
SELECT
    md5('story' || n)::uuid, md5('user' || 1 + n % 40)::uuid, 'https://media.example.org/stories/' || n || '.jpg', 'video',
    d.created_at, d.created_at + interval '24 hours', d.created_at < '2026-03-02 00:00Z'
FROM generate_series(1, 300) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2026-03-04 11:30Z' - interval '29 hours' * n AS created_at) AS d;
UPDATE public.stories SET archived = FALSE, deleted_at = created_at + interval '1 hour' WHERE right(id::text, 1) = '0';
INSERT INTO public.story_views (story_id, viewer_id, viewed_at)
SELECT s.id, md5('user1')::uuid, s.created_at + interval '1 minute' FROM public.stories AS s;

INSERT INTO public.chats (id, chat_type, name, settings)
VALUES
(md5('chat1')::uuid, 'group', 'The sharps', '{"expiration_hours": 168}'),
(md5('chat2')::uuid, 'dm', NULL, '{}');
INSERT INTO public.chat_members (chat_id, user_id, joined_at)
SELECT c.id, md5('user' || n)::uuid, '2025-04-01 00:00Z' FROM public.chats AS c
CROSS JOIN generate_series(1, 2) AS n;
INSERT INTO public.messages (id, chat_id, sender_id, content, created_at, expires_at, archived)
SELECT
    md5('message' || n)::uuid, md5('chat' || 1 + n % 2)::uuid, md5('user' || 1 + n % 2)::uuid, 'hello', d.created_at,
    d.created_at + interval '1 hour' * CASE WHEN n % 2 = 0 THEN 168 ELSE 24 END, d.created_at < '2026-02-24 00:00Z'
FROM generate_series(1, 500) AS n
CROSS JOIN LATERAL (SELECT timestamptz '2026-03-04 11:45Z' - interval '17 hours' * n AS created_at) AS d;
UPDATE public.messages SET archived = FALSE, deleted_at = created_at + interval '1 hour' WHERE right(id::text, 1) = '0';
INSERT INTO public.chat_members (chat_id, user_id, joined_at)
VALUES (md5('gone')::uuid, md5('user1')::uuid, '2025-04-01 00:00Z');
INSERT INTO public.message_reads (message_id, user_id, read_at)
SELECT m.id, md5('user1')::uuid, m.created_at + interval '1 minute' FROM public.messages AS m;
INSERT INTO public.message_reactions (message_id, user_id, emoji, created_at)
SELECT m.id, md5('user2')::uuid, '💯', m.created_at + interval '2 minutes' FROM public.messages AS m;
INSERT INTO public.notifications (user_id, type, data, created_at)
SELECT md5('user' || 1 + n % 40)::uuid, 'mention', '{}', timestamptz '2026-03-04 10:00Z' - interval '7 hours' * n
FROM generate_series(1, 400) AS n;

SET LOCAL session_replication_role = origin;

-- What is over: by its old job until the third of March, nothing was settled on the day after that.
CREATE FUNCTION public.end_games(until timestamptz) RETURNS void LANGUAGE sql AS $$
UPDATE public.games AS g SET
    status = CASE WHEN o.number % 40 = 39 THEN 'cancelled' ELSE 'completed' END::public.game_status,
    home_score = CASE WHEN o.number % 40 <> 39 THEN 17 + o.number * 7 % 14 END,
    away_score = CASE WHEN o.number % 40 <> 39 THEN 15 + o.number * 5 % 16 END,
    last_updated = g.commence_time + interval '160 minutes'
FROM (SELECT c.id, right(c.id, -5)::integer AS number FROM public.games AS c) AS o
WHERE g.id = o.id AND g.status = 'scheduled' AND g.commence_time + interval '160 minutes' <= until
$$;
SELECT public.end_games('2026-03-04 12:00Z');

DO $$
DECLARE
    monday timestamptz := '2025-03-10 00:00Z';
    over record;
BEGIN
    FOR over IN
        SELECT g.id, g.last_updated FROM public.games AS g
        WHERE g.status = 'completed' AND g.last_updated < '2026-03-03 12:00Z'
        ORDER BY g.last_updated
    LOOP
        WHILE monday <= over.last_updated LOOP
            UPDATE public.bankrolls AS k SET
                balance = 100000 + 10000 * u.referral_count, referral_bonus = 10000 * u.referral_count,
                last_reset = monday, reset_count = k.reset_count + 1
            FROM public.users AS u
            WHERE k.user_id = u.id;
            monday := monday + interval '7 days';
        END LOOP;
        PERFORM public.settle_game_bets(over.id, over.last_updated + interval '5 minutes');
    END LOOP;
END
$$;
