-- Concentration of :weeks is counted again.
DELETE FROM community.weekly_concentration
WHERE week = any(:weeks::date[])
