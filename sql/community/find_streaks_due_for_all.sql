-- First day from :first_day to :last_day whose streaks are due for everybody; NULL when only some members are late.
SELECT min(d.day) AS day
FROM community.days AS d
WHERE d.day BETWEEN :first_day AND :last_day AND (d.is_streaks_due_for_all OR d.streaks_at IS NULL)
