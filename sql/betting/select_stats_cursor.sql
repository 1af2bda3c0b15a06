-- The last ledger entry that is in the statistics, up to when they are folded, when all bets were compared, the last
-- entry there is, and whether there are statistics. The first three are NULL before the first time.
SELECT
    c.last_entry_id AS counted,
    c.week_start,
    c.compared_on,
    coalesce((SELECT max(e.entry_id) FROM betting.bankroll_ledger AS e), 0) AS newest,
    exists(SELECT 1 FROM betting.user_stats) AS has_rows
FROM (VALUES ('user_stats')) AS t (table_name)
LEFT JOIN betting.stats_cursors AS c ON t.table_name = c.table_name
