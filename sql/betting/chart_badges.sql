-- How many users hold each badge, and who: the first five by name.
SELECT
    b.title,
    count(*) AS holders,
    array_to_string((array_agg(b.name ORDER BY b.name, b.user_id))[1:5], ', ') AS names
FROM betting.current_badges AS b
GROUP BY b.title
ORDER BY count(*) DESC, b.title ASC
