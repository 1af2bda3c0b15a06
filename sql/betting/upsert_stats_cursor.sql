-- Everything up to :last_entry_id is counted, what is before :week_start is folded, all bets were compared on
-- :compared_on.
INSERT INTO betting.stats_cursors (table_name, last_entry_id, week_start, compared_on)
VALUES ('user_stats', :last_entry_id, :week_start, :compared_on)
ON CONFLICT (table_name) DO UPDATE SET
    last_entry_id = excluded.last_entry_id,
    week_start = excluded.week_start,
    compared_on = excluded.compared_on
