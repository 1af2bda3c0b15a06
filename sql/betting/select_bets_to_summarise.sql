-- Settled bets of the users that are staged: those settled from :since, and of who is late all.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
WITH chosen AS (
    SELECT b.*
    FROM betting.bets AS b
    INNER JOIN staged_users AS s ON b.user_id = s.user_id
    WHERE b.settled_at >= :since
    UNION ALL
    SELECT b.*
    FROM staged_users AS s
    INNER JOIN betting.bets AS b ON s.user_id = b.user_id
    WHERE s.is_late AND (b.settled_at >= :since) IS NOT TRUE
)

SELECT
    b.id AS bet_id,
    b.user_id,
    b.status,
    b.stake,
    b.payout,
    b.net,
    b.is_tail,
    b.is_fade,
    CASE
        WHEN b.bet_type = 'total' THEN NULL
        WHEN lower(btrim(b.bet_details ->> 'team')) = lower(btrim(g.home_team)) THEN g.home_team
        WHEN lower(btrim(b.bet_details ->> 'team')) = lower(btrim(g.away_team)) THEN g.away_team
    END AS team,
    b.created_at,
    b.settled_at
FROM chosen AS b
LEFT JOIN betting.games AS g ON b.game_id = g.id
WHERE b.status <> 'pending'
