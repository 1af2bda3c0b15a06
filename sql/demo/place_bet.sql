-- $1: id, $2: user, $3: game, $4: type, $5: details (JSON), $6: stake, $7: odds, $8: when, $9: a tail,
-- $10: a fade, $11: the pick that is followed.
WITH placed AS (
    INSERT INTO betting.bets (
        id, user_id, game_id, bet_type, bet_details, stake, odds, created_at, is_tail, is_fade, original_pick_id
    )
    VALUES ($1::uuid, $2::uuid, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11::uuid)
    RETURNING id, user_id, original_pick_id, created_at, CASE WHEN is_tail THEN 'tail' ELSE 'fade' END AS action_type
)

INSERT INTO betting.pick_actions (id, post_id, user_id, action_type, resulting_bet_id, created_at)
SELECT gen_random_uuid(), p.original_pick_id, p.user_id, p.action_type, p.id, p.created_at
FROM placed AS p
WHERE p.original_pick_id IS NOT NULL
