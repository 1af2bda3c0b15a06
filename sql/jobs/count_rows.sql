-- How many rows a table or view has, and whether they were counted or estimated by the planner.
SELECT
    c.row_count,
    c.is_exact
FROM operations.count_rows(to_regclass(:table)) AS c
