-- What was staked on the bets that were settled in a week, what was paid for them, and which share the house kept. The last 26 weeks.
SELECT h.week, h.wagered, h.returned, h.bets, h.hold
FROM betting.hold_by_week AS h
WHERE h.week > :day::date - 182 AND h.week <= :day::date
ORDER BY h.week
