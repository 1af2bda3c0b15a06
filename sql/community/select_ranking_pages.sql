-- The pages of boards of :days, and between which scores they are.
SELECT
    p.day,
    p.board,
    p.first_rank,
    cardinality(p.scores) AS members,
    p.scores[1] AS best_score,
    p.scores[cardinality(p.scores)] AS least_score
FROM community.ranking_pages AS p
WHERE p.day = any(:days::date[])
ORDER BY p.day, p.board, p.first_rank
