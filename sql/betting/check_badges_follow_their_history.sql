-- Badges that are held, or lost, though the last change of them says otherwise.
WITH latest AS (
    SELECT DISTINCT ON (h.week_start, h.badge, h.user_id)
        h.week_start, h.badge, h.user_id, h.change, h.changed_at
    FROM betting.badge_history AS h
    ORDER BY h.week_start ASC, h.badge ASC, h.user_id ASC, h.history_id DESC
)

SELECT u.week_start, u.badge, u.user_id, u.earned_at, u.lost_at, l.change
FROM betting.user_badges AS u
LEFT JOIN latest AS l ON u.week_start = l.week_start AND u.badge = l.badge AND u.user_id = l.user_id
WHERE l.change IS NULL OR (l.change = 'lost') <> (u.lost_at IS NOT NULL)
ORDER BY u.week_start, u.badge, u.user_id
