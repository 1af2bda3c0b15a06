-- How many are on each board of days from :first_day to :last_day.
SELECT p.day, p.board, sum(cardinality(p.scores))::bigint AS members
FROM community.ranking_pages AS p
WHERE p.day BETWEEN :first_day AND :last_day
GROUP BY p.day, p.board
