-- Streaks up to :last_day are made; those after it, where there are any, are still to be made of who was late.
WITH next_day AS (
    SELECT min(d.day) AS day FROM community.days AS d
    WHERE d.day > :last_day AND NOT d.is_streaks_due_for_all
),

settled AS (
    UPDATE community.late_members AS l SET streaks_from = n.day
    FROM next_day AS n
    WHERE l.streaks_from <= :last_day AND (n.day IS NOT NULL OR l.boards_from IS NOT NULL)
)

DELETE FROM community.late_members AS l
WHERE
    l.streaks_from <= :last_day AND l.boards_from IS NULL
    AND (SELECT n.day FROM next_day AS n) IS NULL
