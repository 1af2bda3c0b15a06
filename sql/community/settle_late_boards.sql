-- Boards from :first_day to :last_day are made; on those after, where there are any, who was late may still stand
-- elsewhere.
WITH next_day AS (
    SELECT min(d.day) AS day FROM community.days AS d
    WHERE d.day > :last_day AND NOT d.is_boards_due_for_all
),

settled AS (
    UPDATE community.late_members AS l SET boards_from = n.day
    FROM next_day AS n
    WHERE l.boards_from BETWEEN :first_day AND :last_day AND (n.day IS NOT NULL OR l.streaks_from IS NOT NULL)
)

DELETE FROM community.late_members AS l
WHERE
    l.boards_from BETWEEN :first_day AND :last_day AND l.streaks_from IS NULL
    AND (SELECT n.day FROM next_day AS n) IS NULL
