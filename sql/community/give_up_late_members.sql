-- More than :most members who are late are no few any more: what is built on their days is due for everybody.
WITH late AS (
    SELECT min(l.streaks_from) AS streaks_from, min(l.boards_from) AS boards_from
    FROM community.late_members AS l
    HAVING count(*) > :most
),

locked AS (
    SELECT d.day FROM community.days AS d
    INNER JOIN late AS l ON d.day >= least(l.streaks_from, l.boards_from)
    ORDER BY d.day
    FOR UPDATE OF d
),

marked AS (
    UPDATE community.days AS d SET
        is_streaks_due_for_all = d.is_streaks_due_for_all OR (d.day >= l.streaks_from AND NOT d.is_streaks_imported),
        is_boards_due_for_all = d.is_boards_due_for_all OR d.day >= l.boards_from
    FROM locked AS w
    CROSS JOIN late AS l
    WHERE d.day = w.day
)

DELETE FROM community.late_members
WHERE EXISTS (SELECT 1 FROM late)
