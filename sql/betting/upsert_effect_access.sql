-- Access as the badges of the week give it; who keeps the tier keeps the moment it changed.
-- Staged: staged_access(user_id, tier, badges)
INSERT INTO betting.user_effect_access AS a (user_id, tier, badges, week_start, changed_at)
SELECT s.user_id, s.tier, s.badges, :week_start, :as_of
FROM staged_access AS s
ON CONFLICT (user_id) DO UPDATE SET
    tier = excluded.tier,
    badges = excluded.badges,
    week_start = excluded.week_start,
    changed_at = CASE WHEN a.tier = excluded.tier THEN a.changed_at ELSE excluded.changed_at END
