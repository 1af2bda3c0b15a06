-- A day remembers whether the sync was on: switching it later changes no day that is over.
INSERT INTO community.days AS d (day, is_points_stale, is_streaks_stale, is_boards_stale, is_sync_enabled)
VALUES (:day, FALSE, FALSE, FALSE, :is_sync_enabled)
ON CONFLICT (day) DO UPDATE SET
    is_sync_enabled = excluded.is_sync_enabled,
    is_streaks_stale = d.is_streaks_stale OR d.streaks_at IS NOT NULL,
    is_streaks_due_for_all = TRUE
WHERE d.is_sync_enabled IS DISTINCT FROM excluded.is_sync_enabled
