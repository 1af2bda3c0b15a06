-- Settled bets of the users that are staged, and others' bets on their picks.
-- Staged: staged_users(user_id)
WITH wanted AS (
    SELECT s.user_id FROM staged_users AS s
),

chosen AS (
    SELECT b.id
    FROM betting.bets AS b
    INNER JOIN wanted AS w ON b.user_id = w.user_id
    UNION
    SELECT b.id
    FROM wanted AS w
    INNER JOIN betting.pick_authors AS a ON w.user_id = a.user_id
    INNER JOIN betting.bets AS b ON a.post_id = b.original_pick_id
)

SELECT
    b.id AS bet_id,
    b.user_id,
    a.user_id AS author_id,
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
FROM chosen AS c
INNER JOIN betting.bets AS b ON c.id = b.id
LEFT JOIN betting.pick_authors AS a ON b.original_pick_id = a.post_id
LEFT JOIN betting.games AS g ON b.game_id = g.id
WHERE b.status <> 'pending'
