-- Wins that paid more than a cent beside what their odds give, the old job's before the cut-over aside.
SELECT b.id AS bet_id, b.game_id, b.stake, b.odds, b.potential_win, b.net
FROM betting.bets AS b
LEFT JOIN operations.cut_overs AS c ON c.domain = 'betting'
WHERE
    b.status = 'won'
    AND (b.settled_at < c.cut_over_at) IS NOT TRUE
    AND abs(
        b.net - CASE
            WHEN b.odds >= 100 THEN div(b.stake::numeric * b.odds, 100)
            WHEN b.odds <= -100 THEN div(b.stake::numeric * 100, -b.odds)
            ELSE b.net
        END
    ) > 1
ORDER BY b.id
