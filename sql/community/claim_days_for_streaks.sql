-- Taken before reading: whatever arrives later marks the days stale again. What is built on a stale day stays
-- stale, and so does a day that is not over, which is computed for everybody again. A statement of its own after
-- open_days, to see who was waited for. Nothing before :start_on counts; :is_sync_enabled is for days that do not
-- remember.
WITH stale AS (
    SELECT
        least(:today::date, min(s.day)) AS day,
        least(:today::date, min(s.day) FILTER (WHERE s.day < :first_day AND s.is_streaks_due_for_all)) AS due_on
    FROM community.days AS s
    WHERE s.day >= :start_on AND ((s.is_points_stale AND s.day <= :last_day) OR (s.is_streaks_stale AND s.day < :first_day))
)

UPDATE community.days AS d SET
    is_streaks_stale = d.day >= stale.day,
    is_streaks_due_for_all = d.day >= stale.due_on,
    streaks_at = clock_timestamp(),
    is_sync_enabled = coalesce(d.is_sync_enabled, :is_sync_enabled)
FROM stale
WHERE d.day BETWEEN :first_day AND :last_day
