-- Where the staged members stand on boards of :days.
-- Staged: staged_late(member_id)
WITH ranks AS (
    SELECT
        p.day,
        p.board,
        p.first_rank,
        unnest(p.member_ids) AS member_id,
        unnest(p.scores) AS score,
        unnest(p.reached_at) AS reached_at
    FROM community.ranking_pages AS p
    WHERE p.day = any(:days::date[])
)

SELECT r.day, r.board, r.first_rank, r.member_id, r.score, r.reached_at
FROM ranks AS r
INNER JOIN staged_late AS l ON r.member_id = l.member_id
