-- Concentration of the week of :week is counted again.
DELETE FROM community.weekly_concentration
WHERE week = :week
