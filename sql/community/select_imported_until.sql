-- Last day whose streaks were taken over at the cut-over; NULL when none were.
SELECT max(d.day) AS day
FROM community.days AS d
WHERE d.is_streaks_imported
