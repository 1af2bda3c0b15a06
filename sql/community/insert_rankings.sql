-- Boards of a day as they were ranked, packed. Who is on one has entries, and so an account to go by.
-- Staged: staged_rankings(board, rank, member_id, score, reached_at, period_start)
INSERT INTO community.ranking_pages (day, board, first_rank, period_start, account_ids, scores, reached_at)
SELECT
    :day::date,
    r.board,
    min(r.rank),
    r.period_start,
    array_agg(p.account_id ORDER BY r.rank),
    array_agg(r.score ORDER BY r.rank),
    array_agg(r.reached_at ORDER BY r.rank)
FROM staged_rankings AS r
LEFT JOIN community.member_points AS p ON r.member_id = p.member_id
GROUP BY r.board, r.period_start, (r.rank - 1) / 1000
