-- Users whose days, or weeks, do not add up to all of their time.
SELECT
    u.user_id,
    u.period,
    sum(u.bets) AS bets,
    sum(u.net) AS net,
    max(a.bets) AS bets_ever,
    max(a.net) AS net_ever
FROM betting.user_stats AS u
INNER JOIN betting.user_stats AS a ON u.user_id = a.user_id AND a.period = 'all_time'
WHERE u.period <> 'all_time'
GROUP BY u.user_id, u.period
HAVING
    sum(u.bets) <> max(a.bets) OR sum(u.net) <> max(a.net) OR sum(u.wagered) <> max(a.wagered)
    OR sum(u.perfect_days) <> max(a.perfect_days)
ORDER BY u.user_id, u.period
