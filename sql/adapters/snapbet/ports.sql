-- How the betting jobs write this app's own tables: one statement of them for each kind of write, as in
-- sql/ports/betting.sql, whose comments say what each looks at again. They act as service_role, which row level
-- security does not hide rows from; would it, row_security = off makes that an error. Its triggers fire as ever.

-- Whom the jobs told what: the app's notifications have nothing that makes one unique.
CREATE TABLE IF NOT EXISTS betting.notified (
    user_id text COLLATE "C" NOT NULL,
    dedupe_key text COLLATE "C" NOT NULL,
    notified_at timestamptz NOT NULL,
    CONSTRAINT notified_pkey PRIMARY KEY (user_id, dedupe_key)
);
COMMENT ON TABLE betting.notified IS 'One row per notification the jobs wrote into the app: nobody is told twice. It goes with the notification.';
COMMENT ON COLUMN betting.notified.user_id IS 'Who was told.';
COMMENT ON COLUMN betting.notified.dedupe_key IS 'What about.';
COMMENT ON COLUMN betting.notified.notified_at IS 'Logical time.';
GRANT SELECT, INSERT, DELETE ON betting.notified TO service_role;

-- Which pick it follows decides nothing about a bet, and is not looked at again.
CREATE OR REPLACE FUNCTION betting.settle_bets(outcomes betting.bet_outcome[])
RETURNS TABLE (bet_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
UPDATE public.bets AS b SET
    status = s.outcome::public.bet_status,
    actual_win = CASE WHEN s.outcome <> 'pending' THEN s.net END,
    settled_at = CASE WHEN s.outcome <> 'pending' THEN s.decided_at END
FROM unnest(outcomes) AS s
INNER JOIN betting.games AS g
    ON
        s.game_id = g.id
        AND (g.status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time, g.completed_at)
        IS NOT DISTINCT FROM
        (s.game_status, s.home_team, s.away_team, s.home_score, s.away_score, s.commence_time, s.completed_at)
WHERE
    b.id = s.bet_id::uuid
    AND (
        b.user_id, b.game_id, b.bet_type::text, b.bet_details, b.stake, b.odds, b.potential_win,
        coalesce(b.is_tail, FALSE), coalesce(b.is_fade, FALSE), b.created_at, b.status::text,
        CASE b.status
            WHEN 'won' THEN b.stake::bigint + coalesce(b.actual_win, b.potential_win)
            WHEN 'lost' THEN 0
            WHEN 'push' THEN b.stake
            WHEN 'cancelled' THEN b.stake
        END,
        CASE b.status
            WHEN 'won' THEN coalesce(b.actual_win, b.potential_win)
            WHEN 'lost' THEN -b.stake
            WHEN 'push' THEN 0
            WHEN 'cancelled' THEN 0
        END
    )
    IS NOT DISTINCT FROM
    (
        s.user_id::uuid, s.game_id, s.bet_type, s.bet_details, s.stake, s.odds, s.potential_win,
        s.is_tail, s.is_fade, s.created_at, s.old_status, s.old_payout, s.old_net
    )
RETURNING b.id::text
$$;

CREATE OR REPLACE FUNCTION betting.move_balances(moves betting.balance_move[])
RETURNS TABLE (user_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
UPDATE public.bankrolls AS k SET balance = (k.balance + m.amount)::integer
FROM unnest(moves) AS m
WHERE k.user_id = m.user_id::uuid
RETURNING k.user_id::text
$$;

CREATE OR REPLACE FUNCTION betting.begin_week(beginnings betting.week_beginning[], week_start date)
RETURNS TABLE (user_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
UPDATE public.bankrolls AS k SET
    weekly_deposit = w.weekly_deposit::integer,
    referral_bonus = w.referral_bonus::integer,
    last_reset = week_start::timestamp AT TIME ZONE 'UTC',
    reset_count = coalesce(k.reset_count, 0) + 1
FROM unnest(beginnings) AS w
WHERE k.user_id = w.user_id::uuid
RETURNING k.user_id::text
$$;

-- Of two sessions with the same key the second waits for the first, and finds it there. The app lists the types
-- it knows: another one is a system notification, with its type in data.
CREATE OR REPLACE FUNCTION betting.notify(notifications betting.notification[], as_of timestamptz)
RETURNS TABLE (user_id text, dedupe_key text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH fresh AS (
    INSERT INTO betting.notified AS d (user_id, dedupe_key, notified_at)
    SELECT n.user_id, n.dedupe_key, as_of FROM unnest(notifications) AS n
    ORDER BY n.user_id, n.dedupe_key
    ON CONFLICT DO NOTHING
    RETURNING d.user_id, d.dedupe_key
),

told AS (
    SELECT DISTINCT ON (n.user_id, n.dedupe_key)
        n.user_id, n.type, n.data, n.dedupe_key,
        n.type NOT IN (
            'tail', 'fade', 'bet_won', 'bet_lost', 'tail_won', 'tail_lost', 'fade_won', 'fade_lost', 'follow',
            'message', 'mention', 'milestone', 'system'
        ) AS is_unknown
    FROM unnest(notifications) AS n
    INNER JOIN fresh AS f ON n.user_id = f.user_id AND n.dedupe_key = f.dedupe_key
    ORDER BY n.user_id, n.dedupe_key
),

written AS (
    INSERT INTO public.notifications (user_id, type, data, created_at)
    SELECT
        t.user_id::uuid,
        CASE WHEN t.is_unknown THEN 'system' ELSE t.type END,
        t.data || jsonb_build_object('dedupe_key', t.dedupe_key)
        || CASE WHEN t.is_unknown THEN jsonb_build_object('notification_type', t.type) ELSE '{}' END,
        as_of
    FROM told AS t
)

SELECT f.user_id, f.dedupe_key FROM fresh AS f
$$;

-- As the app does it: what expired is archived. Comments on it are hidden with their post (betting.comments).
CREATE OR REPLACE FUNCTION betting.expire_content(items betting.content_item[], as_of timestamptz)
RETURNS TABLE (content_type text, content_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH posts AS (
    UPDATE public.posts AS p SET archived = TRUE
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'post' AND p.id = i.content_id::uuid AND p.deleted_at IS NULL AND p.archived IS NOT TRUE
        AND p.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING p.id
),

stories AS (
    UPDATE public.stories AS s SET archived = TRUE
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'story' AND s.id = i.content_id::uuid AND s.deleted_at IS NULL AND s.archived IS NOT TRUE
        AND s.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING s.id
),

messages AS (
    UPDATE public.messages AS m SET archived = TRUE
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'message' AND m.id = i.content_id::uuid AND m.deleted_at IS NULL AND m.archived IS NOT TRUE
        AND m.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING m.id
)

SELECT 'post', p.id::text FROM posts AS p
UNION ALL
SELECT 'story', s.id::text FROM stories AS s
UNION ALL
SELECT 'message', m.id::text FROM messages AS m
$$;

-- What is archived is kept, and so are comments on it.
CREATE OR REPLACE FUNCTION betting.remove_content(items betting.content_item[], until timestamptz)
RETURNS TABLE (content_type text, content_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH posts AS (
    DELETE FROM public.posts AS p USING unnest(items) AS i
    WHERE
        i.content_type = 'post' AND p.id = i.content_id::uuid AND p.deleted_at <= until AND p.archived IS NOT TRUE
    RETURNING p.id
),

stories AS (
    DELETE FROM public.stories AS s USING unnest(items) AS i
    WHERE
        i.content_type = 'story' AND s.id = i.content_id::uuid AND s.deleted_at <= until AND s.archived IS NOT TRUE
    RETURNING s.id
),

messages AS (
    DELETE FROM public.messages AS m USING unnest(items) AS i
    WHERE
        i.content_type = 'message' AND m.id = i.content_id::uuid AND m.deleted_at <= until
        AND m.archived IS NOT TRUE
    RETURNING m.id
),

comments AS (
    DELETE FROM public.comments AS t USING unnest(items) AS i
    WHERE
        i.content_type = 'comment' AND t.id = i.content_id::uuid AND t.deleted_at <= until
        AND NOT EXISTS (
            SELECT 1 FROM public.posts AS p
            WHERE p.id = t.post_id AND p.archived
        )
    RETURNING t.id
)

SELECT 'post', p.id::text FROM posts AS p
UNION ALL
SELECT 'story', s.id::text FROM stories AS s
UNION ALL
SELECT 'message', m.id::text FROM messages AS m
UNION ALL
SELECT 'comment', t.id::text FROM comments AS t
$$;

CREATE OR REPLACE FUNCTION betting.remove_comments(comment_ids text[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH gone AS (
    DELETE FROM public.comments AS t WHERE t.id = ANY(comment_ids::uuid[])
    RETURNING 1
)

SELECT count(*) FROM gone
$$;

CREATE OR REPLACE FUNCTION betting.remove_reactions(reactions betting.reaction_key[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH of_content AS (
    DELETE FROM public.reactions AS r USING unnest(reactions) AS k
    WHERE
        (
            (k.content_type = 'post' AND r.post_id = k.content_id::uuid AND r.story_id IS NULL)
            OR (k.content_type = 'story' AND r.story_id = k.content_id::uuid)
        )
        AND r.user_id = k.user_id::uuid AND r.emoji = k.reaction
    RETURNING 1
),

of_messages AS (
    DELETE FROM public.message_reactions AS r USING unnest(reactions) AS k
    WHERE
        k.content_type = 'message' AND r.message_id = k.content_id::uuid
        AND r.user_id = k.user_id::uuid AND r.emoji = k.reaction
    RETURNING 1
)

SELECT (SELECT count(*) FROM of_content) + (SELECT count(*) FROM of_messages)
$$;

CREATE OR REPLACE FUNCTION betting.remove_story_views(views betting.user_key[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH gone AS (
    DELETE FROM public.story_views AS v USING unnest(views) AS k
    WHERE v.story_id = k.item_id::uuid AND v.viewer_id = k.user_id::uuid
    RETURNING 1
)

SELECT count(*) FROM gone
$$;

CREATE OR REPLACE FUNCTION betting.remove_message_reads(reads betting.user_key[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH gone AS (
    DELETE FROM public.message_reads AS r USING unnest(reads) AS k
    WHERE r.message_id = k.item_id::uuid AND r.user_id = k.user_id::uuid
    RETURNING 1
)

SELECT count(*) FROM gone
$$;

CREATE OR REPLACE FUNCTION betting.remove_chat_members(members betting.user_key[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH gone AS (
    DELETE FROM public.chat_members AS m USING unnest(members) AS k
    WHERE m.chat_id = k.item_id::uuid AND m.user_id = k.user_id::uuid
    RETURNING 1
)

SELECT count(*) FROM gone
$$;

CREATE OR REPLACE FUNCTION betting.remove_notifications(notification_ids text[])
RETURNS bigint
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH gone AS (
    DELETE FROM public.notifications AS n WHERE n.id = ANY(notification_ids::uuid[])
    RETURNING n.user_id::text, n.data ->> 'dedupe_key' AS dedupe_key
),

forgotten AS (
    DELETE FROM betting.notified AS d USING gone AS g
    WHERE d.user_id = g.user_id AND d.dedupe_key = g.dedupe_key
)

SELECT count(*) FROM gone
$$;

-- The views are service_role's: who runs the jobs and who analyses may read them. A port is checked as whom it acts
-- as when it is made again, who must then be allowed to call it.
DO $$
DECLARE
    item text;
BEGIN
    FOR item IN
        SELECT format('%I.%I', a.schema_name, a.relation_name) FROM operations.app_relations AS a
        WHERE a.schema_name = 'betting'
    LOOP
        EXECUTE format('GRANT SELECT ON %s TO trc_owner, trc_app, trc_analyst', item);
    END LOOP;
    FOR item IN
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = 'betting'::regnamespace AND p.proconfig @> ARRAY['role=service_role']
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO service_role', item);
    END LOOP;
END
$$;

-- What the app shows itself, for WRITE_BACK=betting: badges, under the app's names. On the left is ours, on the right the
-- app's: make it fit. A badge that is not in the list is not written. What the app has besides, of those badges and
-- weeks, is lost from now on.
CREATE OR REPLACE FUNCTION betting.write_back_badges(badges betting.badge_figures[])
RETURNS TABLE (user_id text, badge_id text)
LANGUAGE sql SET role = service_role SET row_security = off AS $$
WITH names (badge, badge_id) AS (
    VALUES
    ('hot_streak', 'hot_streak'), ('profit_king', 'profit_king'), ('riding_wave', 'riding_wave'),
    ('sharp', 'sharp'), ('fade_god', 'fade_god'), ('most_active', 'most_active'), ('ghost', 'ghost'),
    ('sunday_sweep', 'sunday_sweep')
),

wanted AS MATERIALIZED (
    SELECT u.id AS user_id, n.badge_id, b.earned_at, b.lost_at, b.week_start
    FROM unnest(badges) AS b
    INNER JOIN names AS n ON b.badge = n.badge
    INNER JOIN public.users AS u ON b.user_id::uuid = u.id
),

lost AS (
    UPDATE public.user_badges AS g SET lost_at = now()
    FROM names AS n
    WHERE
        g.badge_id = n.badge_id AND g.lost_at IS NULL
        AND g.week_start_date IN (SELECT w.week_start FROM wanted AS w)
        AND NOT EXISTS (
            SELECT 1 FROM wanted AS w
            WHERE (w.user_id, w.badge_id, w.earned_at) = (g.user_id, g.badge_id, g.earned_at)
        )
    RETURNING g.user_id, g.badge_id
),

written AS (
    INSERT INTO public.user_badges AS g (user_id, badge_id, earned_at, lost_at, week_start_date, weekly_reset_at)
    SELECT
        w.user_id, w.badge_id, w.earned_at, w.lost_at, w.week_start,
        (w.week_start + 7)::timestamp AT TIME ZONE 'UTC'
    FROM wanted AS w
    ORDER BY w.user_id, w.badge_id, w.earned_at
    ON CONFLICT (user_id, badge_id, earned_at) DO UPDATE SET
        lost_at = excluded.lost_at, week_start_date = excluded.week_start_date, weekly_reset_at = excluded.weekly_reset_at
    WHERE
        (g.lost_at, g.week_start_date, g.weekly_reset_at)
        IS DISTINCT FROM (excluded.lost_at, excluded.week_start_date, excluded.weekly_reset_at)
    RETURNING g.user_id, g.badge_id
)

SELECT l.user_id::text, l.badge_id FROM lost AS l
UNION ALL
SELECT w.user_id::text, w.badge_id FROM written AS w
$$;
