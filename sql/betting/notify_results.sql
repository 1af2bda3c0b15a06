-- Notify users of what became of their bets in a unit, once for each round of a bet. A void bet or a push is nobody's
-- tail or fade.
SELECT count(*) AS notifications
FROM
    betting.notify(
        (
            SELECT
                array_agg(
                    row(
                        r.user_id,
                        CASE
                            WHEN r.outcome NOT IN ('won', 'lost') THEN 'bet_'
                            WHEN r.is_fade THEN 'fade_'
                            WHEN r.is_tail THEN 'tail_'
                            ELSE 'bet_'
                        END || r.outcome,
                        jsonb_build_object(
                            'bet_id', r.bet_id, 'game_id', r.game_id, 'stake', r.stake, 'payout', r.payout,
                            'net', r.net, 'reason', r.void_reason
                        ),
                        'bet:' || r.bet_id || CASE WHEN r.reversals > 0 THEN ':' || r.reversals + 1 ELSE '' END
                    )::betting.notification
                    ORDER BY r.user_id, r.bet_id
                )
            FROM unit_results AS r
        ),
        :as_of
    )
