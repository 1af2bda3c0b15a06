-- Days as they were counted.
-- Staged: staged_growth(day, active_members, weekly_active_members, monthly_active_members, new_members,
-- current_members, reactivated_members, resurrected_members, new_returned, current_returned, reactivated_returned,
-- resurrected_returned, xp_gained, points)
INSERT INTO community.daily_growth (
    day, active_members, weekly_active_members, monthly_active_members,
    new_members, current_members, reactivated_members, resurrected_members,
    new_returned, current_returned, reactivated_returned, resurrected_returned, xp_gained, points
)
SELECT
    s.day, s.active_members, s.weekly_active_members, s.monthly_active_members,
    s.new_members, s.current_members, s.reactivated_members, s.resurrected_members,
    s.new_returned, s.current_returned, s.reactivated_returned, s.resurrected_returned, s.xp_gained, s.points
FROM staged_growth AS s
ORDER BY s.day
ON CONFLICT (day) DO UPDATE SET
    active_members = excluded.active_members,
    weekly_active_members = excluded.weekly_active_members,
    monthly_active_members = excluded.monthly_active_members,
    new_members = excluded.new_members,
    current_members = excluded.current_members,
    reactivated_members = excluded.reactivated_members,
    resurrected_members = excluded.resurrected_members,
    new_returned = excluded.new_returned,
    current_returned = excluded.current_returned,
    reactivated_returned = excluded.reactivated_returned,
    resurrected_returned = excluded.resurrected_returned,
    xp_gained = excluded.xp_gained,
    points = excluded.points
