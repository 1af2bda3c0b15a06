-- How many of a week's new members were active so many weeks later. The last 12 cohorts.
SELECT c.weeks_since, c.cohort_week, c.retention, c.active_members, c.cohort_members
FROM community.retention_cohorts AS c
WHERE c.cohort_week > :day::date - 84 AND c.cohort_week <= :day::date AND c.weeks_since < 12
ORDER BY c.cohort_week, c.weeks_since
