-- Changes that are staged, and nothing else. $1: Monday of the week, $2: logical time, $3: run id.
WITH noted AS (
    INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id)
    SELECT s.user_id::uuid, s.badge, $1, s.change, $2, $3
    FROM staged_badges AS s
    ORDER BY s.badge, s.user_id
)

INSERT INTO betting.user_badges AS u (user_id, badge, week_start, earned_at, lost_at)
SELECT s.user_id::uuid, s.badge, $1, $2, CASE s.change WHEN 'lost' THEN $2 END
FROM staged_badges AS s
ON CONFLICT (week_start, badge, user_id) DO UPDATE SET
    earned_at = CASE WHEN excluded.lost_at IS NULL THEN excluded.earned_at ELSE u.earned_at END,
    lost_at = excluded.lost_at
