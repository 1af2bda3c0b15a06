-- How many bets of a unit were settled, of how many games, and by what.
SELECT
    count(*) AS bets,
    count(DISTINCT r.game_no) AS games,
    count(*) FILTER (WHERE r.outcome = 'won') AS won,
    count(*) FILTER (WHERE r.outcome = 'lost') AS lost,
    count(*) FILTER (WHERE r.outcome = 'push') AS push,
    count(*) FILTER (WHERE r.outcome = 'cancelled') AS cancelled
FROM unit_results AS r
