-- The pages of boards of :days, and who is first on each; NULL of who was erased, whose name decides nothing any more.
SELECT
    p.day,
    p.board,
    p.first_rank,
    cardinality(p.account_ids) AS members,
    p.scores[1] AS score,
    p.reached_at[1] AS reached_at,
    a.member_id,
    p.scores[cardinality(p.scores)] AS least_score
FROM community.ranking_pages AS p
LEFT JOIN community.accounts AS a ON p.account_ids[1] = a.account_id AND a.erased_at IS NULL
WHERE p.day = any(:days::date[])
ORDER BY p.day, p.board, p.first_rank
