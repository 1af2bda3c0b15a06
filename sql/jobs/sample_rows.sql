-- The last :most rows of a table by its key, as people see them on its page; of :on_day alone if it is not NULL.
SELECT r.row::text AS row
FROM operations.sample_rows(to_regclass(:table), :shown::text[], :on_day::date, :most) AS r (row)
