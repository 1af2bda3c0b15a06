-- Whether running totals are what days add up to: nothing counts for a day after :day, all days of its periods, the
-- first of which is :since, are computed, and no rule of before a cut-over applies to them (rules/activity.py).
SELECT
    NOT EXISTS (
        SELECT 1 FROM community.point_ledger AS l
        WHERE l.effective_on > :day
    )
    AND NOT EXISTS (
        SELECT 1 FROM community.days AS d
        WHERE d.day BETWEEN :since AND :day AND d.is_points_stale
    )
    AND NOT EXISTS (
        SELECT 1 FROM operations.cut_overs AS c
        WHERE c.domain = 'community' AND c.cut_over_at > :since::timestamp AT TIME ZONE 'UTC'
    ) AS has_running_totals
