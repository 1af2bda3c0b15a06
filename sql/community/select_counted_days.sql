-- Up to where each of :days was computed; NULL: never.
SELECT
    w.day,
    c.last_sync_id AS counted_sync_id,
    c.last_entry_id AS counted_entry_id
FROM unnest(:days::date[]) AS w (day)
LEFT JOIN community.counted_days AS c ON w.day = c.day
ORDER BY w.day
