-- Users whose statistics may have changed: their balance moved by entries above :after_entry_id up to
-- :last_entry_id, or the settled bets they are made of, own ones and others' on own picks, are not those of
-- the last time. These are noted.
WITH settled AS (
    SELECT
        b.user_id,
        a.user_id AS author_id,
        hash_record_extended(
            row(
                b.id, b.user_id, a.user_id, b.status, b.stake, b.payout, b.net, b.is_tail, b.is_fade, b.created_at,
                b.settled_at, b.bet_type, b.bet_details ->> 'team', g.home_team, g.away_team
            ), 0
        ) AS digest
    FROM betting.bets AS b
    LEFT JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
    LEFT JOIN betting.games AS g ON b.game_id = g.id
    WHERE b.status <> 'pending'
),

sources AS (
    SELECT o.user_id, bit_xor(o.digest) AS digest
    FROM (
        SELECT s.user_id, s.digest FROM settled AS s
        UNION ALL
        SELECT s.author_id, s.digest FROM settled AS s
        WHERE s.author_id <> s.user_id
    ) AS o
    GROUP BY o.user_id
),

noted AS (
    INSERT INTO betting.stats_sources AS t (user_id, digest)
    SELECT s.user_id, s.digest FROM sources AS s
    LEFT JOIN betting.stats_sources AS k ON s.user_id = k.user_id
    WHERE k.digest IS DISTINCT FROM s.digest
    ON CONFLICT (user_id) DO UPDATE SET digest = excluded.digest
    RETURNING t.user_id
),

gone AS (
    DELETE FROM betting.stats_sources AS t
    WHERE
        NOT EXISTS (
            SELECT 1 FROM sources AS s
            WHERE s.user_id = t.user_id
        )
    RETURNING t.user_id
)

SELECT n.user_id FROM noted AS n
UNION
SELECT o.user_id FROM gone AS o
UNION
SELECT e.user_id FROM betting.bankroll_ledger AS e
WHERE e.entry_id > :after_entry_id AND e.entry_id <= :last_entry_id
