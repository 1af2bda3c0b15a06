-- How many are on each board of :day, and a digest of who stands where with how much.
SELECT
    p.board,
    sum(cardinality(p.account_ids))::bigint AS members,
    left(md5(string_agg(
        concat_ws(
            ':', cardinality(p.account_ids), hash_array_extended(p.account_ids, 0), hash_array_extended(p.scores, 0)
        ), ',' ORDER BY p.first_rank
    )), 16) AS digest
FROM community.ranking_pages AS p
WHERE p.day = :day
GROUP BY p.board
