-- Where what the app shows of its users is not what our tables say. What it does not show (NULL) is not compared.
-- Badges are those held in the last week that was judged.
WITH posted AS (
    SELECT e.user_id, sum(e.amount)::bigint AS balance
    FROM betting.bankroll_ledger AS e
    GROUP BY e.user_id
),

held AS (
    SELECT b.user_id, array_agg(b.badge::text ORDER BY b.badge) AS badges
    FROM betting.user_badges AS b
    WHERE b.lost_at IS NULL AND b.week_start = (SELECT max(n.week_start) FROM betting.user_badges AS n)
    GROUP BY b.user_id
)

SELECT
    s.user_id AS id,
    f.figure,
    f.ours,
    f.shown
FROM betting.shown_users AS s
LEFT JOIN betting.bankrolls AS k ON s.user_id = k.user_id
LEFT JOIN posted AS p ON s.user_id = p.user_id
LEFT JOIN held AS h ON s.user_id = h.user_id
CROSS JOIN
    LATERAL (
        VALUES
        ('balance', coalesce(p.balance, k.balance)::text, s.balance::text),
        (
            'badges',
            coalesce(h.badges, '{}')::text,
            (SELECT array_agg(n.badge ORDER BY n.badge COLLATE "C") FROM unnest(s.badges) AS n (badge))::text
        )
    ) AS f (figure, ours, shown)
WHERE f.shown IS NOT NULL AND f.ours IS DISTINCT FROM f.shown
ORDER BY s.user_id, f.figure
