-- Cohorts of :weeks are counted again.
DELETE FROM community.weekly_cohorts
WHERE week = any(:weeks::date[])
