-- What became of the bets of each type that were settled in a week. The last 26 weeks.
SELECT t.week, t.bet_type, t.bets, t.won, t.lost, t.pushed, t.wagered, t.net
FROM betting.bets_by_type AS t
WHERE t.week > :day::date - 182 AND t.week <= :day::date
ORDER BY t.week, t.bet_type
