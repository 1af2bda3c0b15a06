-- The last ledger entry that is in the statistics, and the last there is.
SELECT
    coalesce((
        SELECT c.last_entry_id FROM betting.stats_cursors AS c
        WHERE c.table_name = 'user_stats'
    ), 0) AS counted,
    coalesce((SELECT max(e.entry_id) FROM betting.bankroll_ledger AS e), 0) AS newest
