-- Users whose statistics may have changed: entries above :after_entry_id up to :last_entry_id tell so (is_told), or the
-- settled bets they are made of, own ones and others' on own picks, are not those of the last time. Bets settled
-- before :since are folded into bases. They are looked at when :is_whole, and what changed among them makes a user
-- is_late. When :is_everybody, users come whether or not anything changed: bases are made anew, up to :week_start.
WITH settled AS (
    SELECT
        b.user_id,
        a.user_id AS author_id,
        b.settled_at,
        hash_record_extended(
            row(
                b.id, b.user_id, a.user_id, b.status, b.stake, b.payout, b.net, b.is_tail, b.is_fade, b.created_at,
                b.settled_at, b.bet_type, b.bet_details ->> 'team', g.home_team, g.away_team
            ), 0
        ) AS digest
    FROM betting.bets AS b
    LEFT JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
    LEFT JOIN betting.games AS g ON b.game_id = g.id
    WHERE b.status <> 'pending' AND (:is_whole OR b.settled_at >= :since)
),

sources AS (
    SELECT
        o.user_id,
        bit_xor(o.digest) FILTER (WHERE (o.settled_at >= :since) IS NOT TRUE) AS folded,
        bit_xor(o.digest) FILTER (WHERE o.settled_at >= :since) AS open,
        bit_xor(o.digest) FILTER (WHERE (o.settled_at >= :week_start) IS NOT TRUE) AS folded_then,
        bit_xor(o.digest) FILTER (WHERE o.settled_at >= :week_start) AS open_then
    FROM (
        SELECT s.user_id, s.settled_at, s.digest FROM settled AS s
        UNION ALL
        SELECT s.author_id, s.settled_at, s.digest FROM settled AS s
        WHERE s.author_id <> s.user_id
    ) AS o
    GROUP BY o.user_id
),

compared AS (
    SELECT
        coalesce(s.user_id, k.user_id) AS user_id,
        :is_whole AND coalesce(s.folded, 0) <> coalesce(k.folded_digest, 0) AS is_folded_changed,
        coalesce(s.open, 0) <> coalesce(k.open_digest, 0) AS is_open_changed,
        CASE WHEN :is_whole THEN coalesce(s.folded_then, 0) ELSE coalesce(k.folded_digest, 0) END AS folded_digest,
        coalesce(s.open_then, 0) AS open_digest
    FROM sources AS s
    FULL OUTER JOIN betting.stats_sources AS k ON s.user_id = k.user_id
),

entries AS (
    SELECT e.user_id, e.bet_id, e.corrects_entry_id, e.effective_at
    FROM betting.bankroll_ledger AS e
    WHERE e.entry_id > :after_entry_id AND e.entry_id <= :last_entry_id
),

told AS (
    SELECT m.user_id, coalesce(bool_or(m.is_late), FALSE) AS is_late
    FROM (
        SELECT e.user_id, e.effective_at < :since AS is_late FROM entries AS e
        UNION ALL
        -- What an entry corrects was in the day of the first settlement, and may be pending now.
        SELECT p.user_id, least(b.settled_at, f.effective_at) < :since
        FROM entries AS e
        INNER JOIN betting.bets AS b ON e.bet_id = b.id
        LEFT JOIN betting.bankroll_ledger AS f ON e.corrects_entry_id = f.entry_id
        LEFT JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
        CROSS JOIN LATERAL (VALUES (b.user_id), (a.user_id)) AS p (user_id)
    ) AS m
    GROUP BY m.user_id
)

SELECT
    c.user_id,
    t.user_id IS NOT NULL AS is_told,
    c.is_folded_changed OR coalesce(t.is_late, FALSE) OR b.user_id IS NULL AS is_late,
    c.folded_digest,
    c.open_digest
FROM compared AS c
LEFT JOIN told AS t ON c.user_id = t.user_id
LEFT JOIN betting.stats_bases AS b ON c.user_id = b.user_id
WHERE :is_everybody OR t.user_id IS NOT NULL OR c.is_folded_changed OR c.is_open_changed
ORDER BY c.user_id
