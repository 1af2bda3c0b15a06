-- Rank the staged stretches of boards again, without who leaves them and with who arrives: nobody else moves out of a
-- stretch. All pages are gone before one is written. A stretch has a number, since what is compared for every rank has
-- to be short.
-- Staged: staged_stretches(stretch, day, board, period_start, first_rank, last_rank), staged_leaving(stretch, member_id),
-- staged_arriving(stretch, member_id, score, reached_at)
WITH gone AS (
    DELETE FROM community.ranking_pages AS p
    USING staged_stretches AS t
    WHERE p.day = t.day AND p.board = t.board AND p.first_rank BETWEEN t.first_rank AND t.last_rank
    RETURNING t.stretch, p.member_ids, p.scores, p.reached_at
),

stood AS (
    SELECT
        g.stretch,
        unnest(g.member_ids) AS member_id,
        unnest(g.scores) AS score,
        unnest(g.reached_at) AS reached_at
    FROM gone AS g
),

standing AS (
    SELECT s.stretch, s.member_id, s.score, s.reached_at
    FROM stood AS s
    LEFT JOIN staged_leaving AS v ON s.stretch = v.stretch AND s.member_id = v.member_id
    WHERE v.member_id IS NULL
    UNION ALL
    SELECT a.stretch, a.member_id, a.score, a.reached_at
    FROM staged_arriving AS a
),

ranked AS (
    SELECT
        s.stretch,
        row_number() OVER (
            PARTITION BY s.stretch
            ORDER BY s.score DESC, s.reached_at DESC NULLS LAST, s.member_id ASC
        ) AS place,
        s.member_id,
        s.score,
        s.reached_at
    FROM standing AS s
),

packed AS (
    SELECT
        r.stretch,
        min(r.place) AS first_place,
        array_agg(r.member_id ORDER BY r.place) AS member_ids,
        array_agg(r.score ORDER BY r.place) AS scores,
        array_agg(r.reached_at ORDER BY r.place) AS reached_at
    FROM ranked AS r
    GROUP BY r.stretch, (r.place - 1) / 1000
),

written AS (
    INSERT INTO community.ranking_pages (day, board, first_rank, period_start, member_ids, scores, reached_at)
    SELECT t.day, t.board, t.first_rank + k.first_place - 1, t.period_start, k.member_ids, k.scores, k.reached_at
    FROM packed AS k
    INNER JOIN staged_stretches AS t ON k.stretch = t.stretch
    RETURNING day, cardinality(member_ids) AS ranks
)

SELECT w.day, sum(w.ranks)::bigint AS rows_written
FROM written AS w
GROUP BY w.day
