-- A bet; one that follows a pick (:original_pick_id) is an action on it too.
WITH placed AS (
    INSERT INTO betting.bets (
        id, user_id, game_id, bet_type, bet_details, stake, odds, created_at, is_tail, is_fade, original_pick_id
    )
    VALUES (:bet_id, :user_id, :game_id, :bet_type, :bet_details::jsonb, :stake, :odds, :at, :is_tail, :is_fade, :original_pick_id)
    RETURNING id, user_id, original_pick_id, created_at, CASE WHEN is_tail THEN 'tail' ELSE 'fade' END AS action_type
)

INSERT INTO betting.pick_actions (id, post_id, user_id, action_type, resulting_bet_id, created_at)
SELECT gen_random_uuid()::text, p.original_pick_id, p.user_id, p.action_type, p.id, p.created_at
FROM placed AS p
WHERE p.original_pick_id IS NOT NULL
