-- What users won of what they staked, by type of bet. The last 26 weeks.
SELECT
    t.bet_type,
    sum(t.net)::double precision / nullif(sum(t.wagered), 0) AS roi,
    sum(t.bets)::bigint AS bets,
    sum(t.wagered)::bigint AS wagered,
    sum(t.net)::bigint AS net
FROM betting.bets_by_type AS t
WHERE t.week > :day::date - 182 AND t.week <= :day::date
GROUP BY t.bet_type
ORDER BY sum(t.wagered) DESC, t.bet_type ASC
LIMIT 10
