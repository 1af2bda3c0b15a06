-- Who was active in :weeks, by the week of first activity.
INSERT INTO community.weekly_cohorts (cohort_week, week, active_members)
SELECT date_trunc('week', a.first_active_on)::date, s.week, count(*)
FROM (
    SELECT DISTINCT w.week, p.member_id
    FROM unnest(:weeks::date[]) AS w (week)
    INNER JOIN community.daily_points AS p ON p.day BETWEEN w.week AND w.week + 6 AND p.is_active
) AS s
INNER JOIN community.member_activity AS a ON s.member_id = a.member_id
GROUP BY date_trunc('week', a.first_active_on)::date, s.week
