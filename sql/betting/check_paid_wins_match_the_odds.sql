-- Wins that paid more than a cent beside what their odds give.
SELECT b.id AS bet_id, b.game_id, b.stake, b.odds, b.potential_win, b.net
FROM betting.bets AS b
WHERE
    b.status = 'won'
    AND abs(
        b.net - CASE
            WHEN b.odds >= 100 THEN div(b.stake::numeric * b.odds, 100)
            WHEN b.odds <= -100 THEN div(b.stake::numeric * 100, -b.odds)
            ELSE b.net
        END
    ) > 1
ORDER BY b.id
