-- What the days from :first_day to :last_day were computed with.
INSERT INTO community.counted_days AS c (day, last_sync_id, last_entry_id)
SELECT g.day, :last_sync_id, :last_entry_id
FROM generate_series(:first_day::date, :last_day::date, interval '1 day') AS g (day)
ON CONFLICT (day) DO UPDATE SET last_sync_id = excluded.last_sync_id, last_entry_id = excluded.last_entry_id
