-- Who was active in the week of :week, by the week of first activity.
WITH seen AS (
    SELECT DISTINCT p.member_id FROM community.daily_points AS p
    WHERE p.day BETWEEN :week::date AND :week::date + 6 AND p.is_active
)

INSERT INTO community.weekly_cohorts (cohort_week, week, active_members)
SELECT date_trunc('week', a.first_active_on)::date, :week::date, count(*)
FROM seen AS s
INNER JOIN community.member_activity AS a ON s.member_id = a.member_id
GROUP BY date_trunc('week', a.first_active_on)
