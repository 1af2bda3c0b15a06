-- What a dry run did to a table since its rows were kept aside, the first :most by key.
SELECT c.changes, c.change, c.key, c.before, c.after
FROM operations.find_changes(to_regclass(:table), :key_columns::text[], :most) AS c
