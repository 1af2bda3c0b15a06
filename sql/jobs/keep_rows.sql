-- The rows of a table as they are now, aside: what a dry run does to them is compared with these.
SELECT operations.keep_rows(to_regclass(:table))::text AS kept
