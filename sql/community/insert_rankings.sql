-- Boards of a day as they were ranked, packed: how many are on each, and a digest of who stands where with how much, as
-- rank_newest_day has it.
-- Staged: staged_rankings(board, rank, member_id, score, reached_at, period_start)
WITH written AS (
    INSERT INTO community.ranking_pages (day, board, first_rank, period_start, member_ids, scores, reached_at)
    SELECT
        :day::date,
        r.board,
        min(r.rank),
        r.period_start,
        array_agg(r.member_id ORDER BY r.rank),
        array_agg(r.score ORDER BY r.rank),
        array_agg(r.reached_at ORDER BY r.rank)
    FROM staged_rankings AS r
    GROUP BY r.board, r.period_start, (r.rank - 1) / 1000
    RETURNING
        board,
        first_rank,
        cardinality(member_ids) AS members,
        hash_array_extended(member_ids, 0) AS ids_hash,
        hash_array_extended(scores, 0) AS scores_hash
)

SELECT
    w.board,
    sum(w.members) AS members,
    left(md5(string_agg(concat_ws(':', w.members, w.ids_hash, w.scores_hash), ',' ORDER BY w.first_rank)), 16) AS digest
FROM written AS w
GROUP BY w.board
