-- Cohorts of the week of :week are counted again.
DELETE FROM community.weekly_cohorts
WHERE week = :week
