-- How the betting jobs write what belongs to the app: one function for each kind of write. These are for tables of ours,
-- and for simple views over an app's. An adapter replaces a function where the app keeps it in another way.
--
-- A function takes rows with what they were read as, writes those that still are so, and returns these. The look
-- again is the WHERE of the statement that writes: PostgreSQL waits for a row that somebody is changing, and looks at
-- it as it is then (optimistic concurrency). A function that looks in one statement and writes in another loses what
-- the app did in between, unless it locks the rows first.

CREATE OR REPLACE FUNCTION betting.settle_bets(outcomes betting.bet_outcome[])
RETURNS TABLE (bet_id text)
LANGUAGE sql AS $$
UPDATE betting.bets AS b SET
    status = s.outcome,
    payout = s.payout,
    net = s.net,
    settled_at = CASE WHEN s.outcome <> 'pending' THEN s.decided_at END
FROM unnest(outcomes) AS s
INNER JOIN betting.games AS g
    ON
        s.game_id = g.id
        AND (g.status, g.home_team, g.away_team, g.home_score, g.away_score, g.commence_time, g.completed_at)
        IS NOT DISTINCT FROM
        (s.game_status, s.home_team, s.away_team, s.home_score, s.away_score, s.commence_time, s.completed_at)
WHERE
    b.id = s.bet_id
    AND (
        b.user_id, b.game_id, b.bet_type, b.bet_details, b.stake, b.odds, b.potential_win,
        b.is_tail, b.is_fade, b.original_pick_id, b.created_at, b.status, b.payout, b.net
    )
    IS NOT DISTINCT FROM
    (
        s.user_id, s.game_id, s.bet_type, s.bet_details, s.stake, s.odds, s.potential_win,
        s.is_tail, s.is_fade, s.original_pick_id, s.created_at, s.old_status, s.old_payout, s.old_net
    )
RETURNING b.id
$$;
COMMENT ON FUNCTION betting.settle_bets(betting.bet_outcome[]) IS 'Port: decide bets, or make them pending again. Looks again at every field of the bet and its game that grading used.';

CREATE OR REPLACE FUNCTION betting.move_balances(moves betting.balance_move[])
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
UPDATE betting.bankrolls AS k SET balance = k.balance + m.amount
FROM unnest(moves) AS m
WHERE k.user_id = m.user_id
RETURNING k.user_id
$$;
COMMENT ON FUNCTION betting.move_balances(betting.balance_move[]) IS 'Port: add to balances what is in the ledger. Each user is there once. Adds to what the balance is then: nothing is looked at again.';

CREATE OR REPLACE FUNCTION betting.begin_week(beginnings betting.week_beginning[], week_start date)
RETURNS TABLE (user_id text)
LANGUAGE sql AS $$
UPDATE betting.bankrolls AS k SET
    weekly_deposit = w.weekly_deposit,
    referral_bonus = w.referral_bonus,
    weekly_reset_at = week_start::timestamp AT TIME ZONE 'UTC',
    reset_count = k.reset_count + 1
FROM unnest(beginnings) AS w
WHERE k.user_id = w.user_id
RETURNING k.user_id
$$;
COMMENT ON FUNCTION betting.begin_week(betting.week_beginning[], date) IS 'Port: what a bankroll says of the week that begins. Its balance is moved by move_balances.';

CREATE OR REPLACE FUNCTION betting.notify(notifications betting.notification[], as_of timestamptz)
RETURNS TABLE (user_id text, dedupe_key text)
LANGUAGE sql AS $$
INSERT INTO betting.notifications (user_id, type, data, created_at, dedupe_key)
SELECT n.user_id, n.type, n.data, as_of, n.dedupe_key
FROM unnest(notifications) AS n
ORDER BY n.user_id, n.dedupe_key
ON CONFLICT (user_id, dedupe_key) DO NOTHING
RETURNING user_id, dedupe_key
$$;
COMMENT ON FUNCTION betting.notify(betting.notification[], timestamptz) IS 'Port: notify users, each once for a key. Returns those that were not written before.';

CREATE OR REPLACE FUNCTION betting.expire_content(items betting.content_item[], as_of timestamptz)
RETURNS TABLE (content_type text, content_id text)
LANGUAGE sql AS $$
WITH posts AS (
    UPDATE betting.posts AS p SET deleted_at = as_of, deleted_reason = 'expired'
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'post' AND p.id = i.content_id AND p.deleted_at IS NULL
        AND p.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING p.id
),

stories AS (
    UPDATE betting.stories AS s SET deleted_at = as_of, deleted_reason = 'expired'
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'story' AND s.id = i.content_id AND s.deleted_at IS NULL
        AND s.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING s.id
),

messages AS (
    UPDATE betting.messages AS m SET deleted_at = as_of, deleted_reason = 'expired'
    FROM unnest(items) AS i
    WHERE
        i.content_type = 'message' AND m.id = i.content_id AND m.deleted_at IS NULL
        AND m.expires_at IS NOT DISTINCT FROM i.expires_at
    RETURNING m.id
),

comments AS (
    UPDATE betting.comments AS t SET deleted_at = as_of, deleted_reason = 'expired'
    FROM posts AS p
    WHERE t.post_id = p.id AND t.deleted_at IS NULL
    RETURNING t.id
)

SELECT 'post', p.id FROM posts AS p
UNION ALL
SELECT 'story', s.id FROM stories AS s
UNION ALL
SELECT 'message', m.id FROM messages AS m
UNION ALL
SELECT 'comment', t.id FROM comments AS t
$$;
COMMENT ON FUNCTION betting.expire_content(betting.content_item[], timestamptz) IS 'Port: hide content that expired, and the comments on its posts. Looks again at deleted_at (NULL) and expires_at.';

CREATE OR REPLACE FUNCTION betting.remove_content(items betting.content_item[], until timestamptz)
RETURNS TABLE (content_type text, content_id text)
LANGUAGE sql AS $$
WITH posts AS (
    DELETE FROM betting.posts AS p USING unnest(items) AS i
    WHERE i.content_type = 'post' AND p.id = i.content_id AND p.deleted_at <= until
    RETURNING p.id
),

stories AS (
    DELETE FROM betting.stories AS s USING unnest(items) AS i
    WHERE i.content_type = 'story' AND s.id = i.content_id AND s.deleted_at <= until
    RETURNING s.id
),

messages AS (
    DELETE FROM betting.messages AS m USING unnest(items) AS i
    WHERE i.content_type = 'message' AND m.id = i.content_id AND m.deleted_at <= until
    RETURNING m.id
),

comments AS (
    DELETE FROM betting.comments AS t USING unnest(items) AS i
    WHERE i.content_type = 'comment' AND t.id = i.content_id AND t.deleted_at <= until
    RETURNING t.id
)

SELECT 'post', p.id FROM posts AS p
UNION ALL
SELECT 'story', s.id FROM stories AS s
UNION ALL
SELECT 'message', m.id FROM messages AS m
UNION ALL
SELECT 'comment', t.id FROM comments AS t
$$;
COMMENT ON FUNCTION betting.remove_content(betting.content_item[], timestamptz) IS 'Port: remove for good what was deleted long ago. Looks again at deleted_at.';

CREATE OR REPLACE FUNCTION betting.remove_comments(comment_ids text[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.comments AS t WHERE t.id = ANY(comment_ids)
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_comments(text[]) IS 'Port: remove comments whose post is gone. Returns how many there still were.';

CREATE OR REPLACE FUNCTION betting.remove_reactions(reactions betting.reaction_key[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.reactions AS r USING unnest(reactions) AS k
    WHERE
        r.content_type = k.content_type AND r.content_id = k.content_id
        AND r.user_id = k.user_id AND r.reaction = k.reaction
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_reactions(betting.reaction_key[]) IS 'Port: remove reactions to what is gone. Returns how many there still were.';

CREATE OR REPLACE FUNCTION betting.remove_story_views(views betting.user_key[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.story_views AS v USING unnest(views) AS k
    WHERE v.story_id = k.item_id AND v.user_id = k.user_id
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_story_views(betting.user_key[]) IS 'Port: remove views of stories that are gone. Returns how many there still were.';

CREATE OR REPLACE FUNCTION betting.remove_message_reads(reads betting.user_key[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.message_reads AS r USING unnest(reads) AS k
    WHERE r.message_id = k.item_id AND r.user_id = k.user_id
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_message_reads(betting.user_key[]) IS 'Port: remove reads of messages that are gone. Returns how many there still were.';

CREATE OR REPLACE FUNCTION betting.remove_chat_members(members betting.user_key[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.chat_members AS m USING unnest(members) AS k
    WHERE m.chat_id = k.item_id AND m.user_id = k.user_id
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_chat_members(betting.user_key[]) IS 'Port: remove members of chats that are gone. Returns how many there still were.';

CREATE OR REPLACE FUNCTION betting.remove_notifications(notification_ids text[])
RETURNS bigint
LANGUAGE sql AS $$
WITH gone AS (
    DELETE FROM betting.notifications AS n WHERE n.id = ANY(notification_ids)
    RETURNING 1
)

SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION betting.remove_notifications(text[]) IS 'Port: remove old notifications. Returns how many there still were.';

-- What the app shows itself is written by an adapter's own function, or not at all (WRITE_BACK). It goes with the adapter.
DROP FUNCTION IF EXISTS betting.write_back_badges(betting.badge_figures[]);
