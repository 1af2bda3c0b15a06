-- What became of the bets that are folded, of the users that are staged and not late.
-- Staged: staged_users(user_id, is_told, is_late, folded_digest, open_digest)
SELECT
    b.user_id, b.bets, b.won, b.lost, b.push, b.cancelled, b.wagered, b.returned, b.net, b.perfect_days, b.tail_net,
    b.fade_net, b.others_bets, b.others_net, b.first_streak, b.current_streak, b.best_win_streak, b.worst_loss_streak,
    b.biggest_win, b.balance_high, b.last_bet_at, b.last_settled_at, b.biggest_loss, b.balance_low
FROM staged_users AS s
INNER JOIN betting.stats_bases AS b ON s.user_id = b.user_id
WHERE NOT s.is_late
