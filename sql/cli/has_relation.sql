-- Whether there is a table or view of that name.
SELECT to_regclass(:relation) IS NOT NULL AS is_there
