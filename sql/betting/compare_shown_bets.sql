-- Where what the app shows of its bets is not what our tables say. What it does not show (NULL) is not compared.
SELECT
    s.bet_id AS id,
    f.figure,
    f.ours,
    f.shown
FROM betting.shown_bets AS s
LEFT JOIN betting.bets AS b ON s.bet_id = b.id
CROSS JOIN
    LATERAL (
        VALUES
        ('status', b.status, s.status),
        ('net', b.net::text, s.net::text)
    ) AS f (figure, ours, shown)
WHERE f.shown IS NOT NULL AND f.ours IS DISTINCT FROM f.shown
ORDER BY s.bet_id, f.figure
