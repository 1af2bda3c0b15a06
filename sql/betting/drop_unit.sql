-- A dry run settles its units in one transaction: what the unit before kept in session goes.
DROP TABLE IF EXISTS pg_temp.unit_bets, pg_temp.unit_results
