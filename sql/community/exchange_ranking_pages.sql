-- Rank the staged stretches of boards again, without who leaves them and with who arrives: nobody else moves out of a
-- stretch. All pages are gone before one is written.
-- Staged: staged_stretches(day, board, period_start, first_rank, last_rank), staged_leaving(day, board, member_id),
-- staged_arriving(day, board, first_rank, member_id, score, reached_at)
WITH gone AS (
    DELETE FROM community.ranking_pages AS p
    USING staged_stretches AS t
    WHERE p.day = t.day AND p.board = t.board AND p.first_rank BETWEEN t.first_rank AND t.last_rank
    RETURNING p.day, p.board, t.first_rank, p.member_ids, p.scores, p.reached_at
),

stood AS (
    SELECT
        g.day,
        g.board,
        g.first_rank,
        unnest(g.member_ids) AS member_id,
        unnest(g.scores) AS score,
        unnest(g.reached_at) AS reached_at
    FROM gone AS g
),

standing AS (
    SELECT s.day, s.board, s.first_rank, s.member_id, s.score, s.reached_at
    FROM stood AS s
    LEFT JOIN staged_leaving AS v ON s.day = v.day AND s.board = v.board AND s.member_id = v.member_id
    WHERE v.member_id IS NULL
    UNION ALL
    SELECT a.day, a.board, a.first_rank, a.member_id, a.score, a.reached_at
    FROM staged_arriving AS a
),

ranked AS (
    SELECT
        s.day,
        s.board,
        s.first_rank,
        s.first_rank - 1 + row_number() OVER (
            PARTITION BY s.day, s.board, s.first_rank
            ORDER BY s.score DESC, s.reached_at DESC NULLS LAST, s.member_id ASC
        ) AS rank,
        s.member_id,
        s.score,
        s.reached_at
    FROM standing AS s
),

written AS (
    INSERT INTO community.ranking_pages (day, board, first_rank, period_start, member_ids, scores, reached_at)
    SELECT
        r.day,
        r.board,
        min(r.rank),
        t.period_start,
        array_agg(r.member_id ORDER BY r.rank),
        array_agg(r.score ORDER BY r.rank),
        array_agg(r.reached_at ORDER BY r.rank)
    FROM ranked AS r
    INNER JOIN staged_stretches AS t ON r.day = t.day AND r.board = t.board AND r.first_rank = t.first_rank
    GROUP BY r.day, r.board, t.period_start, r.first_rank, (r.rank - 1) / 1000
    RETURNING day, cardinality(member_ids) AS ranks
)

SELECT w.day, sum(w.ranks)::bigint AS rows_written
FROM written AS w
GROUP BY w.day
