-- Everything up to :last_entry_id is counted.
INSERT INTO betting.stats_cursors (table_name, last_entry_id)
VALUES ('user_stats', :last_entry_id)
ON CONFLICT (table_name) DO UPDATE SET last_entry_id = excluded.last_entry_id
