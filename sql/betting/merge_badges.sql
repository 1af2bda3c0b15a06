-- Changes that are staged, and nothing else.
-- Staged: staged_badges(badge, user_id, evidence, change)
WITH noted AS (
    INSERT INTO betting.badge_history (user_id, badge, week_start, change, changed_at, run_id)
    SELECT s.user_id, s.badge, :week_start, s.change, :as_of, :run_id
    FROM staged_badges AS s
    ORDER BY s.badge, s.user_id
)

INSERT INTO betting.user_badges AS u (user_id, badge, week_start, earned_at, lost_at, evidence)
SELECT s.user_id, s.badge, :week_start, :as_of, CASE s.change WHEN 'lost' THEN :as_of END, coalesce(s.evidence::jsonb, '{}')
FROM staged_badges AS s
ON CONFLICT (week_start, badge, user_id) DO UPDATE SET
    earned_at = CASE WHEN excluded.lost_at IS NULL THEN excluded.earned_at ELSE u.earned_at END,
    evidence = CASE WHEN excluded.lost_at IS NULL THEN excluded.evidence ELSE u.evidence END,
    lost_at = excluded.lost_at
